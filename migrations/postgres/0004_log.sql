-- The public log of packets: one leaf per packet, hashes in tiles of 256, signed checkpoints.

create table log_leaf (
    packet_id text collate "C" not null primary key references packet (id),
    entry bytea not null,
    position bigint unique,
    created_at bigint not null
);
create index log_leaf_without_position on log_leaf (created_at) where position is null;

create table log_tile (
    level bigint not null,
    number bigint not null,
    hashes bytea not null,
    primary key (level, number)
);

create table log_checkpoint (
    size bigint not null primary key,
    note text collate "C" not null,
    created_at bigint not null
);

insert into log_leaf (packet_id, entry, created_at) select id, manifest_digest, created_at from packet;
