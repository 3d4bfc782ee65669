-- Which master key encrypts what is new: the one with the largest number. Only ids of keys, never keys.
create table master_key (
    id text not null primary key,
    number integer not null unique,
    since integer not null
) strict;

-- What equal values are found by (blind index), tracking codes and nonces are computed from: made once, ciphertext, and
-- the same however often the master key changes.
create table key_root (
    id text not null primary key,
    wrapped blob not null
) strict;

-- Who saw what is asked by when it left.
create index delivery_by_left on delivery (left_at, id) where left_at is not null;
