-- Mandates (委託) that were recorded, those that ended before their time, and whose credentials count.
-- document of a mandate is ciphertext. mandate_mac is a keyed digest of its issuer and id, what_mac that or one of a person.
create table mandate (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    mandate_mac bytea not null,
    document bytea not null,
    recorded_at bigint not null,
    forget_at bigint not null
);
create unique index mandate_of_party on mandate (party_id, mandate_mac);
create index mandate_by_forget on mandate (forget_at);

create table mandate_end (
    what_mac bytea not null primary key,
    reason text collate "C" not null check (reason in ('revoked', 'died')),
    recorded_by text collate "C" not null,
    recorded_at bigint not null,
    forget_at bigint
);
create index mandate_end_by_forget on mandate_end (forget_at);

-- An issuer as two operators agreed; it stands before the operator's file. Public keys and addresses, nothing personal.
create table trust_issuer (
    id text collate "C" not null primary key,
    document text collate "C" not null,
    version bigint not null,
    changed_at bigint not null
);

create table trust_proposal (
    id text collate "C" not null primary key,
    issuer_id text collate "C" not null,
    base_version bigint not null,
    document text collate "C" not null,
    proposed_by text collate "C" not null,
    proposed_at bigint not null,
    expires_at bigint not null,
    decision text collate "C" check (decision in ('approved', 'rejected', 'withdrawn')),
    decided_by text collate "C",
    decided_at bigint
);
create index trust_proposal_open on trust_proposal (proposed_at) where decided_at is null;
