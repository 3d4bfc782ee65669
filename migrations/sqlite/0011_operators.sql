-- Operators as parties of their own with keys; proposals of endpoints beside those of registrations; alerts, and the
-- mail that tells of them. Alerts hold ids, words and times; addresses stay with the sealed contacts of parties.

-- A check constraint changes only with its table: copied out and in, as in 0009.
pragma defer_foreign_keys = on;
create table party_before as select * from party;
drop table party;
create table party (
    id text not null primary key,
    role text not null check (role in ('hospital', 'insurer', 'fund', 'app', 'police', 'shop', 'agent', 'institute',
        'appraisal', 'regulator', 'operator')),
    state text not null check (state in ('invited', 'sandbox', 'certified', 'live', 'suspended')),
    document text not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    contacts blob
) strict;
insert into party (id, role, state, document, version, created_at, changed_at, contacts)
    select id, role, state, document, version, created_at, changed_at, contacts from party_before;
drop table party_before;
create index party_by_role on party (role, id);

-- kind says what document is: a registration, or an endpoint with its secret. reason is why it was rejected, sealed.
create table party_proposal_before as select * from party_proposal;
drop table party_proposal;
create table party_proposal (
    id text not null primary key,
    kind text not null check (kind in ('party', 'endpoint')),
    party_id text not null,
    base_version integer not null,
    document blob not null,
    state text check (state in ('invited', 'sandbox', 'certified', 'live', 'suspended')),
    proposed_by text not null,
    proposed_at integer not null,
    expires_at integer not null,
    decision text check (decision in ('approved', 'rejected', 'withdrawn')),
    decided_by text,
    decided_at integer,
    reason blob
) strict;
insert into party_proposal (id, kind, party_id, base_version, document, state, proposed_by, proposed_at, expires_at,
        decision, decided_by, decided_at)
    select id, 'party', party_id, base_version, document, state, proposed_by, proposed_at, expires_at, decision,
        decided_by, decided_at from party_proposal_before;
drop table party_proposal_before;
create index party_proposal_open on party_proposal (proposed_at) where decided_at is null;

-- party_id is no reference: an alert may outlive its party. subject tells two alerts of one kind apart.
create table alert (
    id text not null primary key,
    kind text not null,
    party_id text,
    subject text not null,
    state text not null check (state in ('open', 'acknowledged', 'closed')),
    detail text not null,
    since integer not null,
    last_seen integer not null,
    acknowledged_by text,
    acknowledged_at integer,
    closed_at integer
) strict;
create unique index alert_open on alert (kind, subject) where state <> 'closed';
create index alert_by_party on alert (party_id, id);

-- One mail per alert, event and audience; the row is its lease.
create table alert_mail (
    alert_id text not null references alert (id),
    event text not null check (event in ('opened', 'closed')),
    audience text not null check (audience in ('party', 'operators')),
    state text not null check (state in ('due', 'done', 'dead')),
    tries integer not null,
    due_at integer not null,
    lease_until integer,
    fence integer not null,
    created_at integer not null,
    done_at integer,
    primary key (alert_id, event, audience)
) strict;
create index alert_mail_due on alert_mail (due_at) where state = 'due';
create index webhook_dead on webhook (id) where state = 'dead';
create index audit_by_subject on audit (subject, position);
