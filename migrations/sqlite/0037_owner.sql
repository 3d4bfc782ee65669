-- The owner of a claim (保戶): pages with their links and sessions, addresses that are told by mail, and webhooks of app
-- backends. body and address hold ciphertext under the claim's key.

create table owner_page (
    id text not null primary key,
    claim_id text not null references claim (id),
    party_id text references party (id),
    link_mac blob,
    session_mac blob,
    body blob not null,
    version integer not null,
    created_at integer not null,
    link_until integer not null,
    open_until integer,
    forget_at integer not null
) strict;
create unique index owner_page_by_link on owner_page (link_mac);
create unique index owner_page_by_session on owner_page (session_mac);
create index owner_page_by_claim on owner_page (claim_id);
create index owner_page_by_party on owner_page (party_id);
create index owner_page_to_forget on owner_page (forget_at);

-- An address somebody gave for a claim. It is told of nothing until it is confirmed by the mail it was sent.
create table owner_mail (
    id text not null primary key,
    claim_id text not null references claim (id),
    address blob not null,
    address_mac blob not null,
    language text not null,
    state text not null check (state in ('asked', 'confirmed')),
    created_at integer not null,
    confirm_until integer not null,
    unique (claim_id, address_mac)
) strict;
create index owner_mail_unconfirmed on owner_mail (confirm_until) where state = 'asked';

-- What an address is told of: an entry of the timeline, or nothing where it is asked to confirm.
create table owner_mail_due (
    mail_id text not null references owner_mail (id) on delete cascade,
    entry_id text not null,
    state text not null check (state in ('due', 'dead')),
    tries integer not null,
    due_at integer not null,
    lease_until integer,
    fence integer not null,
    created_at integer not null,
    primary key (mail_id, entry_id)
) strict;
create index owner_mail_to_send on owner_mail_due (due_at) where state = 'due';

-- Messages to app backends tell of an entry of a claim's timeline, not of a delivery. A check constraint changes only with
-- its table; the rows are copied out and in.
pragma defer_foreign_keys = on;
create table webhook_before as select * from webhook;
create table webhook_attempt_before as select * from webhook_attempt;
drop table webhook_attempt;
drop table webhook;
create table webhook (
    id text not null primary key,
    party_id text not null references party (id),
    delivery_id text references delivery (id),
    claim_id text not null references claim (id),
    kind text not null check (kind in ('delivery.ready', 'delivery.withdrawn', 'claim.event')),
    ordinal integer not null,
    state text not null check (state in ('due', 'done', 'dead')),
    tries integer not null,
    first_try integer,
    due_at integer not null,
    lease_until integer,
    fence integer not null,
    created_at integer not null,
    done_at integer,
    entry_id text
) strict;
insert into webhook (id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, first_try, due_at, lease_until, fence,
        created_at, done_at)
    select id, party_id, delivery_id, claim_id, kind, ordinal, state, tries, first_try, due_at, lease_until, fence,
        created_at, done_at from webhook_before;
drop table webhook_before;
create index webhook_due on webhook (party_id, due_at, ordinal) where state = 'due';
create index webhook_leased on webhook (party_id, lease_until) where state = 'due';
create index webhook_order on webhook (party_id, claim_id, ordinal) where state = 'due';
create index webhook_by_delivery on webhook (delivery_id);
create index webhook_dead on webhook (id) where state = 'dead';
create index webhook_of_events on webhook (party_id, created_at) where kind = 'claim.event';

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
insert into webhook_attempt select * from webhook_attempt_before;
drop table webhook_attempt_before;
