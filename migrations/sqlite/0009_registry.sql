-- The registry grows: more roles and states, contacts of parties' staff (ciphertext), proposals that wait for a second
-- operator (ciphertext), and when registrations begin to count.

-- A check constraint changes only with its table. References are counted until the end of the transaction: they are
-- missing while the table is, and there again once its rows are back under their ids. A renamed table would not bring
-- them back, so the rows are copied out and in.
pragma defer_foreign_keys = on;
create table party_before as select * from party;
drop table party;
create table party (
    id text not null primary key,
    role text not null check (role in ('hospital', 'insurer', 'fund', 'app', 'police', 'shop', 'agent', 'institute',
        'appraisal', 'regulator')),
    state text not null check (state in ('invited', 'sandbox', 'certified', 'live', 'suspended')),
    document text not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    contacts blob
) strict;
insert into party (id, role, state, document, version, created_at, changed_at)
    select id, role, state, document, version, created_at, changed_at from party_before;
drop table party_before;

-- base_version is the version of the party a proposal was made against, 0 where there was none: no reference.
create table party_proposal (
    id text not null primary key,
    party_id text not null,
    base_version integer not null,
    document blob not null,
    state text not null check (state in ('invited', 'sandbox', 'certified', 'live', 'suspended')),
    proposed_by text not null,
    proposed_at integer not null,
    expires_at integer not null,
    decision text check (decision in ('approved', 'rejected')),
    decided_by text,
    decided_at integer
) strict;
create index party_proposal_open on party_proposal (proposed_at) where decided_at is null;

create table party_beginning (
    party_id text not null primary key references party (id),
    at integer not null
) strict;
