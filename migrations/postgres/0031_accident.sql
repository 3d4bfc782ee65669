-- Accidents (交通事故), the police papers of each, the claims filed of it and who got what. body, content and receipt are
-- ciphertext: those of an accident under a data key of its own (key_id names its row of claim_key), a filing's under its
-- claim's. case_mac and body_mac are keyed digests. due_at is when a paper is asked for, or when the lease of who asks ends.
create table accident (
    id text collate "C" not null primary key,
    key_id text collate "C" not null,
    jurisdiction text collate "C",
    case_mac bytea unique,
    body bytea not null,
    moves bigint not null,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null
);

create table accident_paper (
    accident_id text collate "C" not null references accident (id),
    item text collate "C" not null,
    state text collate "C" not null,
    due_on text collate "C" not null,
    due_at bigint,
    tries bigint not null,
    asked bigint not null,
    reason text collate "C",
    paper_version bigint,
    content bytea,
    receipt bytea,
    holds_until bigint,
    version bigint not null,
    changed_at bigint not null,
    primary key (accident_id, item)
);
create index accident_paper_due on accident_paper (due_at) where due_at is not null;

create table accident_filing (
    claim_id text collate "C" not null primary key references claim (id),
    accident_id text collate "C" not null references accident (id),
    opener text collate "C" not null references party (id),
    body_mac bytea not null,
    body bytea not null,
    created_at bigint not null
);
create index accident_filing_by_accident on accident_filing (accident_id);
create index accident_filing_by_opener on accident_filing (opener);

create table accident_recipient (
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    ground text collate "C",
    ended_at bigint,
    primary key (claim_id, party_id, line)
);
create index accident_recipient_by_party on accident_recipient (party_id);

create table accident_use (
    id text collate "C" not null primary key,
    source_id text collate "C" not null references party (id),
    accident_id text collate "C" not null references accident (id),
    item text collate "C" not null,
    paper_version bigint not null,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    share text collate "C" not null,
    at bigint not null,
    unique (claim_id, party_id, line, item, paper_version)
);
create index accident_use_by_source on accident_use (source_id, id);
create index accident_use_by_party on accident_use (party_id);
create index accident_use_by_accident on accident_use (accident_id);
