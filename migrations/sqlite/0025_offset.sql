-- Offset at discharge. body holds ciphertext: bills, promises, the instruction, every step. In the clear stand who takes
-- part, the state, and when time alone changes it.

create table discharge_offset (
    id text not null primary key,
    claim_id text not null references claim (id),
    hospital_id text not null references party (id),
    state text not null,
    body blob not null,
    due_at integer,
    version integer not null,
    created_at integer not null,
    changed_at integer not null
) strict;
create index discharge_offset_by_claim on discharge_offset (claim_id);
create index discharge_offset_due on discharge_offset (due_at);

create table discharge_offset_insurer (
    offset_id text not null references discharge_offset (id),
    party_id text not null references party (id),
    primary key (offset_id, party_id)
) strict;
create index discharge_offset_of_insurer on discharge_offset_insurer (party_id, offset_id);
