-- Pages on which patients apply (院內申請): one row for each link a hospital asked for. link_mac and session_mac are keyed
-- digests of secrets, case_index one of the case number, body is ciphertext. A link is used once, for one session.
create table application_page (
    id text collate "C" not null primary key,
    hospital_id text collate "C" not null references party (id),
    case_index bytea not null,
    link_mac bytea not null,
    session_mac bytea,
    body bytea not null,
    application_id text collate "C",
    version bigint not null,
    created_at bigint not null,
    link_until bigint not null,
    open_until bigint,
    forget_at bigint not null
);
create unique index application_page_by_link on application_page (link_mac);
create unique index application_page_by_session on application_page (session_mac);
create index application_page_by_case on application_page (hospital_id, case_index);
create index application_page_to_forget on application_page (forget_at);
