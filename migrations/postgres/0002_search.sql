-- What a hospital can search its own claims by: keyed digests of identifiers, replaced with every revision.

create table claim_search (
    claim_id text collate "C" not null references claim (id),
    hospital_id text collate "C" not null references party (id),
    name text collate "C" not null check (name in ('case', 'patient', 'encounter')),
    value_mac bytea not null,
    primary key (hospital_id, name, value_mac, claim_id)
);
create index claim_search_by_claim on claim_search (claim_id);
