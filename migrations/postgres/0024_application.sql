-- Applications of patients (院內申請) and whom each consents to. body is ciphertext, case_index a keyed digest. The newest
-- application of a case counts; it replaces those before.
create table application (
    id text collate "C" not null primary key,
    hospital_id text collate "C" not null references party (id),
    case_index bytea not null,
    body bytea not null,
    created_at bigint not null
);
create index application_by_case on application (hospital_id, case_index);

create table application_recipient (
    application_id text collate "C" not null references application (id),
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    withdrawn_at bigint,
    primary key (application_id, party_id, line)
);
