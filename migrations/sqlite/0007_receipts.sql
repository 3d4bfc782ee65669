-- What recipients signed when they acknowledged (簽收回條): as it came, with the public key that verified it, so that it
-- can be verified whatever keys they register later. It names ids, a line and a digest; nothing personal.

create table receipt (
    delivery_id text not null primary key references delivery (id),
    result text not null check (result in ('accepted', 'rejected')),
    receipt text not null,
    digest text not null,
    key text not null,
    signed_at integer not null,
    received_at integer not null
) strict;
