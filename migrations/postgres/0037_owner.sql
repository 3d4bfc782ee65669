-- The owner of a claim (保戶): pages with their links and sessions, addresses that are told by mail, and webhooks of app
-- backends. body and address hold ciphertext under the claim's key.

create table owner_page (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" references party (id),
    link_mac bytea,
    session_mac bytea,
    body bytea not null,
    version bigint not null,
    created_at bigint not null,
    link_until bigint not null,
    open_until bigint,
    forget_at bigint not null
);
create unique index owner_page_by_link on owner_page (link_mac);
create unique index owner_page_by_session on owner_page (session_mac);
create index owner_page_by_claim on owner_page (claim_id);
create index owner_page_by_party on owner_page (party_id);
create index owner_page_to_forget on owner_page (forget_at);

-- An address somebody gave for a claim. It is told of nothing until it is confirmed by the mail it was sent.
create table owner_mail (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    address bytea not null,
    address_mac bytea not null,
    language text collate "C" not null,
    state text collate "C" not null check (state in ('asked', 'confirmed')),
    created_at bigint not null,
    confirm_until bigint not null,
    unique (claim_id, address_mac)
);
create index owner_mail_unconfirmed on owner_mail (confirm_until) where state = 'asked';

-- What an address is told of: an entry of the timeline, or nothing where it is asked to confirm.
create table owner_mail_due (
    mail_id text collate "C" not null references owner_mail (id) on delete cascade,
    entry_id text collate "C" not null,
    state text collate "C" not null check (state in ('due', 'dead')),
    tries bigint not null,
    due_at bigint not null,
    lease_until bigint,
    fence bigint not null,
    created_at bigint not null,
    primary key (mail_id, entry_id)
);
create index owner_mail_to_send on owner_mail_due (due_at) where state = 'due';

-- Messages to app backends tell of an entry of a claim's timeline, not of a delivery.
alter table webhook alter column delivery_id drop not null;
alter table webhook drop constraint webhook_kind_check;
alter table webhook add constraint webhook_kind_check
    check (kind in ('delivery.ready', 'delivery.withdrawn', 'claim.event'));
alter table webhook add column entry_id text collate "C";
create index webhook_of_events on webhook (party_id, created_at) where kind = 'claim.event';
