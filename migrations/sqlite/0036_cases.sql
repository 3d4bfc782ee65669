-- The owner's case (車禍理賠案件): a draft many devices save, the claims it filed, invitations of other parties, files. body and
-- secret are ciphertext under the case's own key (key_id names its row of claim_key). The macs are keyed digests: of the
-- app's id of the case, of its number of the person, of a code, of what is claimed for whom, of a file's content.
create table motor_case (
    id text not null primary key,
    key_id text not null,
    party_id text not null references party (id),
    client_mac blob,
    person_mac blob not null,
    group_id text not null,
    accident_id text references accident (id),
    body blob not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    unique (party_id, client_mac)
) strict;
create index motor_case_by_group on motor_case (group_id);
create index motor_case_by_accident on motor_case (accident_id);
create index motor_case_unfiled on motor_case (changed_at) where accident_id is null;

create table case_claim (
    claim_id text not null primary key references claim (id),
    case_id text not null references motor_case (id),
    subject_mac blob not null,
    party_id text not null,
    line text not null,
    created_at integer not null
) strict;
create index case_claim_by_case on case_claim (case_id);
create index case_claim_by_subject on case_claim (subject_mac);

create table case_invitation (
    code_mac blob not null primary key,
    case_id text not null references motor_case (id),
    expires_at integer not null,
    used_at integer
) strict;
create index case_invitation_by_case on case_invitation (case_id);

create table case_file (
    id text not null primary key,
    case_id text not null references motor_case (id),
    upload_id text not null unique,
    object_id text not null,
    parts text not null,
    bytes integer not null,
    media_type text not null,
    secret blob not null,
    content_mac blob not null,
    created_at integer not null
) strict;
create index case_file_by_case on case_file (case_id);
create index case_file_by_object on case_file (object_id);
create index case_file_by_content on case_file (content_mac);

-- That the other insurers of an accident were told when the first took in a claim under compulsory cover
-- (強制汽車責任保險承保及理賠作業處理辦法 §14 III).
create table accident_notice (
    accident_id text not null primary key references accident (id),
    claim_id text not null,
    at integer not null
) strict;
create index accident_notice_by_claim on accident_notice (claim_id);
