-- Operators as parties of their own with keys; proposals of endpoints beside those of registrations; alerts, and the
-- mail that tells of them. Alerts hold ids, words and times; addresses stay with the sealed contacts of parties.

alter table party drop constraint if exists party_role_check;
alter table party add constraint party_role_check check (role in ('hospital', 'insurer', 'fund', 'app', 'police', 'shop',
    'agent', 'institute', 'appraisal', 'regulator', 'operator'));
create index party_by_role on party (role, id);

-- kind says what document is: a registration, or an endpoint with its secret. reason is why it was rejected, sealed.
alter table party_proposal add column kind text collate "C" not null default 'party' check (kind in ('party', 'endpoint'));
alter table party_proposal alter column kind drop default;
alter table party_proposal alter column state drop not null;
alter table party_proposal add column reason bytea;
alter table party_proposal drop constraint if exists party_proposal_decision_check;
alter table party_proposal add constraint party_proposal_decision_check
    check (decision in ('approved', 'rejected', 'withdrawn'));

-- party_id is no reference: an alert may outlive its party. subject tells two alerts of one kind apart.
create table alert (
    id text collate "C" not null primary key,
    kind text collate "C" not null,
    party_id text collate "C",
    subject text collate "C" not null,
    state text collate "C" not null check (state in ('open', 'acknowledged', 'closed')),
    detail text collate "C" not null,
    since bigint not null,
    last_seen bigint not null,
    acknowledged_by text collate "C",
    acknowledged_at bigint,
    closed_at bigint
);
create unique index alert_open on alert (kind, subject) where state <> 'closed';
create index alert_by_party on alert (party_id, id);

-- One mail per alert, event and audience; the row is its lease.
create table alert_mail (
    alert_id text collate "C" not null references alert (id),
    event text collate "C" not null check (event in ('opened', 'closed')),
    audience text collate "C" not null check (audience in ('party', 'operators')),
    state text collate "C" not null check (state in ('due', 'done', 'dead')),
    tries bigint not null,
    due_at bigint not null,
    lease_until bigint,
    fence bigint not null,
    created_at bigint not null,
    done_at bigint,
    primary key (alert_id, event, audience)
);
create index alert_mail_due on alert_mail (due_at) where state = 'due';
create index webhook_dead on webhook (id) where state = 'dead';
create index audit_by_subject on audit (subject, position);
