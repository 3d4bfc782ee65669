-- Larger files outside the database (附件): an attachment names its object, whose key is sealed under the claim's.

alter table attachment add column object_id text;
alter table attachment add column parts text;
alter table attachment add column object blob;
create index attachment_by_object on attachment (object_id);

-- Files on their way from a hospital. secret is sealed under the registry's key until a claim takes the file over; tail
-- is what came after the last whole segment.
create table upload (
    id text not null primary key,
    party_id text not null references party (id),
    object_id text not null,
    media_type text not null,
    bytes integer not null,
    secret blob not null,
    state text not null,
    epoch integer not null,
    parts text not null,
    taken integer not null,
    tail blob not null,
    claim_id text references claim (id),
    created_at integer not null,
    expires_at integer not null
) strict;
create index upload_by_party on upload (party_id, claim_id);
create index upload_by_object on upload (object_id);
create index upload_by_claim on upload (claim_id);

-- Objects that go when their time is over: written before the first byte is kept, deleted by what refers to them.
create table object_due (
    object_id text not null primary key,
    due_at integer not null,
    going integer not null
) strict;
create index object_due_by_time on object_due (going, due_at);
