-- Requests for papers (補件): who asks whom, until when, and where it stands. body and answer hold ciphertext. asked_revision
-- is the claim's revision when it was asked, revision the one that answers. open_until is when the last day is over, as long
-- as an answer is waited for.

create table claim_request (
    id text collate "C" not null primary key,
    kind text collate "C" not null,
    submission_id text collate "C" not null references submission (id),
    number bigint not null,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    hospital_id text collate "C" not null references party (id),
    addressee text collate "C" not null,
    state text collate "C" not null,
    due_on text collate "C" not null,
    open_until bigint,
    asked_revision bigint not null,
    revision bigint,
    body bytea not null,
    answer bytea,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null,
    unique (submission_id, number)
);
create index claim_request_by_claim on claim_request (claim_id);
create index claim_request_of_hospital on claim_request (hospital_id, id);
create index claim_request_of_party on claim_request (party_id);
create index claim_request_open on claim_request (open_until) where open_until is not null;
