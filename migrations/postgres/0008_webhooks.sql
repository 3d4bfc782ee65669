-- Webhooks: where a party is told, what it is told, and every attempt. secrets holds ciphertext.

create table endpoint (
    party_id text collate "C" not null primary key references party (id),
    url text collate "C" not null,
    content text collate "C" not null check (content in ('event', 'packet')),
    secrets bytea not null,
    state text collate "C" not null check (state in ('on', 'off', 'failing', 'gone')),
    failures bigint not null,
    failing_since bigint,
    rest_until bigint,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null
);

-- One message per delivery and event; its id never changes, however often it is tried. ordinal keeps the messages of
-- a claim in order: twice the delivery's position, one more for a withdrawal.
create table webhook (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    delivery_id text collate "C" not null references delivery (id),
    claim_id text collate "C" not null references claim (id),
    kind text collate "C" not null check (kind in ('delivery.ready', 'delivery.withdrawn')),
    ordinal bigint not null,
    state text collate "C" not null check (state in ('due', 'done', 'dead')),
    tries bigint not null,
    first_try bigint,
    due_at bigint not null,
    lease_until bigint,
    fence bigint not null,
    created_at bigint not null,
    done_at bigint
);
create index webhook_due on webhook (party_id, due_at) where state = 'due';
create index webhook_order on webhook (party_id, claim_id, ordinal) where state = 'due';
create index webhook_by_delivery on webhook (delivery_id);

create table webhook_attempt (
    webhook_id text collate "C" not null references webhook (id),
    number bigint not null,
    at bigint not null,
    millis bigint not null,
    status bigint,
    fault text collate "C",
    words text collate "C" not null,
    primary key (webhook_id, number)
);
