-- How the person of a claim was identified (身分保證等級), and the recipients that wait for a surer identity. person_mac is a keyed
-- digest of a number within one claim, once_mac one of the challenge, session or transaction it rests on; body is ciphertext.
create table identification (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null,
    source text collate "C" not null check (source in ('wallet', 'mydata', 'app')),
    assurance text collate "C" not null,
    proved bigint not null check (proved in (0, 1)),
    capacity text collate "C" not null check (capacity in ('self', 'statutory-representative')),
    person_mac bytea not null,
    once_mac bytea not null,
    subject text collate "C",
    body bytea,
    at bigint not null
);
create index identification_of_claim on identification (claim_id, at);
create unique index identification_once on identification (once_mac);

create table identity_hold (
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null,
    line text collate "C" not null,
    least text collate "C" not null,
    since bigint not null,
    primary key (claim_id, party_id, line)
);

-- What waits of one claim is woken when its person is identified.
create index work_of_claim on work (claim_id) where done_at is null;

-- Records asked for under a mandate (委託): it, and its mandator, as mandate_end knows them.
alter table record_part add column mandate_mac bytea;
alter table record_part add column mandator_mac bytea;
