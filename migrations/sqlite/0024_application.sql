-- Applications of patients (院內申請) and whom each consents to. body is ciphertext, case_index a keyed digest. The newest
-- application of a case counts; it replaces those before.
create table application (
    id text not null primary key,
    hospital_id text not null references party (id),
    case_index blob not null,
    body blob not null,
    created_at integer not null
) strict;
create index application_by_case on application (hospital_id, case_index);

create table application_recipient (
    application_id text not null references application (id),
    party_id text not null references party (id),
    line text not null,
    withdrawn_at integer,
    primary key (application_id, party_id, line)
) strict;
