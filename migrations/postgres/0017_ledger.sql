-- Decisions, payments, and whose books are open. Nothing here is ever changed: a correction is a further decision, money
-- that comes back a further entry. reference holds a keyed digest; body holds ciphertext, amounts stand in it alone. day is
-- the day in Taiwan on which it was reported.

create table decision (
    submission_id text collate "C" not null references submission (id),
    version bigint not null,
    claim_id text collate "C" not null references claim (id),
    outcome text collate "C" not null,
    body bytea not null,
    day text collate "C" not null,
    at bigint not null,
    primary key (submission_id, version)
);
create index decision_by_claim on decision (claim_id);

create table payment (
    id text collate "C" not null primary key,
    submission_id text collate "C" not null references submission (id),
    number bigint not null,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    kind text collate "C" not null,
    reference bytea not null,
    body bytea not null,
    day text collate "C" not null,
    at bigint not null,
    unique (submission_id, number)
);
create unique index payment_by_reference on payment (party_id, reference);
create index payment_by_claim on payment (claim_id);

-- One row for each submission with a decision or a payment: 1 where what is accepted is not what is paid, and the day it
-- changed last.
create table account (
    submission_id text collate "C" not null primary key references submission (id),
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    hospital_id text collate "C" not null references party (id),
    is_open bigint not null,
    day text collate "C" not null
);
create index account_by_claim on account (claim_id);
create index account_open_of_party on account (party_id, is_open, submission_id);
create index account_moved_of_party on account (party_id, day);
create index account_open_of_hospital on account (hospital_id, is_open, submission_id);
create index account_moved_of_hospital on account (hospital_id, day);
