-- Requests for papers (補件): who asks whom, until when, and where it stands. body and answer hold ciphertext. asked_revision
-- is the claim's revision when it was asked, revision the one that answers. open_until is when the last day is over, as long
-- as an answer is waited for.

create table claim_request (
    id text not null primary key,
    kind text not null,
    submission_id text not null references submission (id),
    number integer not null,
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    hospital_id text not null references party (id),
    addressee text not null,
    state text not null,
    due_on text not null,
    open_until integer,
    asked_revision integer not null,
    revision integer,
    body blob not null,
    answer blob,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    unique (submission_id, number)
) strict;
create index claim_request_by_claim on claim_request (claim_id);
create index claim_request_of_hospital on claim_request (hospital_id, id);
create index claim_request_of_party on claim_request (party_id);
create index claim_request_open on claim_request (open_until) where open_until is not null;
