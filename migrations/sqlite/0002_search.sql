-- What a hospital can search its own claims by: keyed digests of identifiers, replaced with every revision.

create table claim_search (
    claim_id text not null references claim (id),
    hospital_id text not null references party (id),
    name text not null check (name in ('case', 'patient', 'encounter')),
    value_mac blob not null,
    primary key (hospital_id, name, value_mac, claim_id)
) strict;
create index claim_search_by_claim on claim_search (claim_id);
