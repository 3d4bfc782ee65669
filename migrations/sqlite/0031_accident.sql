-- Accidents (交通事故), the police papers of each, the claims filed of it and who got what. body, content and receipt are
-- ciphertext: those of an accident under a data key of its own (key_id names its row of claim_key), a filing's under its
-- claim's. case_mac and body_mac are keyed digests. due_at is when a paper is asked for, or when the lease of who asks ends.
create table accident (
    id text not null primary key,
    key_id text not null,
    jurisdiction text,
    case_mac blob unique,
    body blob not null,
    moves integer not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null
) strict;

create table accident_paper (
    accident_id text not null references accident (id),
    item text not null,
    state text not null,
    due_on text not null,
    due_at integer,
    tries integer not null,
    asked integer not null,
    reason text,
    paper_version integer,
    content blob,
    receipt blob,
    holds_until integer,
    version integer not null,
    changed_at integer not null,
    primary key (accident_id, item)
) strict;
create index accident_paper_due on accident_paper (due_at) where due_at is not null;

create table accident_filing (
    claim_id text not null primary key references claim (id),
    accident_id text not null references accident (id),
    opener text not null references party (id),
    body_mac blob not null,
    body blob not null,
    created_at integer not null
) strict;
create index accident_filing_by_accident on accident_filing (accident_id);
create index accident_filing_by_opener on accident_filing (opener);

create table accident_recipient (
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    line text not null,
    ground text,
    ended_at integer,
    primary key (claim_id, party_id, line)
) strict;
create index accident_recipient_by_party on accident_recipient (party_id);

create table accident_use (
    id text not null primary key,
    source_id text not null references party (id),
    accident_id text not null references accident (id),
    item text not null,
    paper_version integer not null,
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    line text not null,
    share text not null,
    at integer not null,
    unique (claim_id, party_id, line, item, paper_version)
) strict;
create index accident_use_by_source on accident_use (source_id, id);
create index accident_use_by_party on accident_use (party_id);
create index accident_use_by_accident on accident_use (accident_id);
