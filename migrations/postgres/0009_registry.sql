-- The registry grows: more roles and states, contacts of parties' staff (ciphertext), proposals that wait for a second
-- operator (ciphertext), and when registrations begin to count.

alter table party drop constraint party_role_check;
alter table party add constraint party_role_check check (role in ('hospital', 'insurer', 'fund', 'app', 'police', 'shop',
    'agent', 'institute', 'appraisal', 'regulator'));
alter table party drop constraint party_state_check;
alter table party add constraint party_state_check check (state in ('invited', 'sandbox', 'certified', 'live',
    'suspended'));
alter table party add column contacts bytea;

-- base_version is the version of the party a proposal was made against, 0 where there was none: no reference.
create table party_proposal (
    id text collate "C" not null primary key,
    party_id text collate "C" not null,
    base_version bigint not null,
    document bytea not null,
    state text collate "C" not null check (state in ('invited', 'sandbox', 'certified', 'live', 'suspended')),
    proposed_by text collate "C" not null,
    proposed_at bigint not null,
    expires_at bigint not null,
    decision text collate "C" check (decision in ('approved', 'rejected')),
    decided_by text collate "C",
    decided_at bigint
);
create index party_proposal_open on party_proposal (proposed_at) where decided_at is null;

create table party_beginning (
    party_id text collate "C" not null primary key references party (id),
    at bigint not null
);
