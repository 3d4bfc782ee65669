-- Webhooks: where a party is told, what it is told, and every attempt. secrets holds ciphertext.

create table endpoint (
    party_id text not null primary key references party (id),
    url text not null,
    content text not null check (content in ('event', 'packet')),
    secrets blob not null,
    state text not null check (state in ('on', 'off', 'failing', 'gone')),
    failures integer not null,
    failing_since integer,
    rest_until integer,
    version integer not null,
    created_at integer not null,
    changed_at integer not null
) strict;

-- One message per delivery and event; its id never changes, however often it is tried. ordinal keeps the messages of
-- a claim in order: twice the delivery's position, one more for a withdrawal.
create table webhook (
    id text not null primary key,
    party_id text not null references party (id),
    delivery_id text not null references delivery (id),
    claim_id text not null references claim (id),
    kind text not null check (kind in ('delivery.ready', 'delivery.withdrawn')),
    ordinal integer not null,
    state text not null check (state in ('due', 'done', 'dead')),
    tries integer not null,
    first_try integer,
    due_at integer not null,
    lease_until integer,
    fence integer not null,
    created_at integer not null,
    done_at integer
) strict;
create index webhook_due on webhook (party_id, due_at) where state = 'due';
create index webhook_order on webhook (party_id, claim_id, ordinal) where state = 'due';
create index webhook_by_delivery on webhook (delivery_id);

create table webhook_attempt (
    webhook_id text not null references webhook (id),
    number integer not null,
    at integer not null,
    millis integer not null,
    status integer,
    fault text,
    words text not null,
    primary key (webhook_id, number)
) strict;
