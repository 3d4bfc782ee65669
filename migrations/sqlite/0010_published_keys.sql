-- What a party publishes at its jwks_url: the last good key set, public as it is, and how the last try went.
create table party_keys (
    party_id text not null primary key references party (id),
    url text not null,
    body blob,
    fetched_at integer,
    fresh_until integer,
    tried_at integer not null,
    failure text
) strict;
