-- Erasure (刪除), restriction (處理限制) and legal hold (保全). barred is 'restricted' or 'erased', null where the claim is
-- in use. An erasure keeps ids, times, states and hashes; reason holds ciphertext.
alter table claim add column barred text collate "C";

create table claim_hold (
    claim_id text collate "C" not null primary key references claim (id),
    reason bytea not null,
    placed_by text collate "C" not null,
    at bigint not null
);

create table claim_restriction (
    claim_id text collate "C" not null primary key references claim (id),
    ground text collate "C" not null,
    because text collate "C" not null,
    asked_by text collate "C" not null,
    at bigint not null
);

-- Replayed after a restore, so it is no reference: what is listed may not be there yet.
create table claim_erasure (
    claim_id text collate "C" not null primary key,
    ground text collate "C" not null,
    at bigint not null
);
create index claim_erasure_by_time on claim_erasure (at);
