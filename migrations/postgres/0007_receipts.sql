-- What recipients signed when they acknowledged (簽收回條): as it came, with the public key that verified it, so that it
-- can be verified whatever keys they register later. It names ids, a line and a digest; nothing personal.

create table receipt (
    delivery_id text collate "C" not null primary key references delivery (id),
    result text collate "C" not null check (result in ('accepted', 'rejected')),
    receipt text collate "C" not null,
    digest text collate "C" not null,
    key text collate "C" not null,
    signed_at bigint not null,
    received_at bigint not null
);
