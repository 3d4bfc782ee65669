-- What a party publishes at its jwks_url: the last good key set, public as it is, and how the last try went.
create table party_keys (
    party_id text collate "C" not null primary key references party (id),
    url text collate "C" not null,
    body bytea,
    fetched_at bigint,
    fresh_until bigint,
    tried_at bigint not null,
    failure text collate "C"
);
