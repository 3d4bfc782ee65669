-- Offset at discharge. body holds ciphertext: bills, promises, the instruction, every step. In the clear stand who takes
-- part, the state, and when time alone changes it.

create table discharge_offset (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    hospital_id text collate "C" not null references party (id),
    state text collate "C" not null,
    body bytea not null,
    due_at bigint,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null
);
create index discharge_offset_by_claim on discharge_offset (claim_id);
create index discharge_offset_due on discharge_offset (due_at);

create table discharge_offset_insurer (
    offset_id text collate "C" not null references discharge_offset (id),
    party_id text collate "C" not null references party (id),
    primary key (offset_id, party_id)
);
create index discharge_offset_of_insurer on discharge_offset_insurer (party_id, offset_id);
