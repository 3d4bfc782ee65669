-- Mandates (委託) that were recorded, those that ended before their time, and whose credentials count.
-- document of a mandate is ciphertext. mandate_mac is a keyed digest of its issuer and id, what_mac that or one of a person.
create table mandate (
    id text not null primary key,
    party_id text not null references party (id),
    mandate_mac blob not null,
    document blob not null,
    recorded_at integer not null,
    forget_at integer not null
) strict;
create unique index mandate_of_party on mandate (party_id, mandate_mac);
create index mandate_by_forget on mandate (forget_at);

create table mandate_end (
    what_mac blob not null primary key,
    reason text not null check (reason in ('revoked', 'died')),
    recorded_by text not null,
    recorded_at integer not null,
    forget_at integer
) strict;
create index mandate_end_by_forget on mandate_end (forget_at);

-- An issuer as two operators agreed; it stands before the operator's file. Public keys and addresses, nothing personal.
create table trust_issuer (
    id text not null primary key,
    document text not null,
    version integer not null,
    changed_at integer not null
) strict;

create table trust_proposal (
    id text not null primary key,
    issuer_id text not null,
    base_version integer not null,
    document text not null,
    proposed_by text not null,
    proposed_at integer not null,
    expires_at integer not null,
    decision text check (decision in ('approved', 'rejected', 'withdrawn')),
    decided_by text,
    decided_at integer
) strict;
create index trust_proposal_open on trust_proposal (proposed_at) where decided_at is null;
