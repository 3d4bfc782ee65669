-- The public log of packets: one leaf per packet, hashes in tiles of 256, signed checkpoints.

create table log_leaf (
    packet_id text not null primary key references packet (id),
    entry blob not null,
    position integer unique,
    created_at integer not null
) strict;
create index log_leaf_without_position on log_leaf (created_at) where position is null;

create table log_tile (
    level integer not null,
    number integer not null,
    hashes blob not null,
    primary key (level, number)
) strict;

create table log_checkpoint (
    size integer not null primary key,
    note text not null,
    created_at integer not null
) strict;

insert into log_leaf (packet_id, entry, created_at) select id, manifest_digest, created_at from packet;
