-- Which master key encrypts what is new: the one with the largest number. Only ids of keys, never keys.
create table master_key (
    id text collate "C" not null primary key,
    number bigint not null unique,
    since bigint not null
);

-- What equal values are found by (blind index), tracking codes and nonces are computed from: made once, ciphertext, and
-- the same however often the master key changes.
create table key_root (
    id text collate "C" not null primary key,
    wrapped bytea not null
);

-- Who saw what is asked by when it left.
create index delivery_by_left on delivery (left_at, id) where left_at is not null;
