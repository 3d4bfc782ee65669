-- Record requests (病歷調閱): one row for what an insurer asks of several hospitals, and one for each hospital's part, which is a
-- claim of its own with a row in claim_request. file holds ciphertext. counts_until is when the consent's last day is over.

create table record_request (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    created_at bigint not null
);
create index record_request_of_party on record_request (party_id, id);

create table record_part (
    claim_id text collate "C" not null primary key references claim (id),
    record_id text collate "C" not null references record_request (id),
    file bytea,
    counts_until bigint not null,
    withdrawn_at bigint
);
create index record_part_of_record on record_part (record_id, claim_id);
