-- Larger files outside the database (附件): an attachment names its object, whose key is sealed under the claim's.

alter table attachment add column object_id text collate "C";
alter table attachment add column parts text collate "C";
alter table attachment add column object bytea;
create index attachment_by_object on attachment (object_id);

-- Files on their way from a hospital. secret is sealed under the registry's key until a claim takes the file over; tail
-- is what came after the last whole segment.
create table upload (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    object_id text collate "C" not null,
    media_type text collate "C" not null,
    bytes bigint not null,
    secret bytea not null,
    state text collate "C" not null,
    epoch bigint not null,
    parts text collate "C" not null,
    taken bigint not null,
    tail bytea not null,
    claim_id text collate "C" references claim (id),
    created_at bigint not null,
    expires_at bigint not null
);
create index upload_by_party on upload (party_id, claim_id);
create index upload_by_object on upload (object_id);
create index upload_by_claim on upload (claim_id);

-- Objects that go when their time is over: written before the first byte is kept, deleted by what refers to them.
create table object_due (
    object_id text collate "C" not null primary key,
    due_at bigint not null,
    going bigint not null
);
create index object_due_by_time on object_due (going, due_at);
