-- Pages on which patients apply (院內申請): one row for each link a hospital asked for. link_mac and session_mac are keyed
-- digests of secrets, case_index one of the case number, body is ciphertext. A link is used once, for one session.
create table application_page (
    id text not null primary key,
    hospital_id text not null references party (id),
    case_index blob not null,
    link_mac blob not null,
    session_mac blob,
    body blob not null,
    application_id text,
    version integer not null,
    created_at integer not null,
    link_until integer not null,
    open_until integer,
    forget_at integer not null
) strict;
create unique index application_page_by_link on application_page (link_mac);
create unique index application_page_by_session on application_page (session_mac);
create index application_page_by_case on application_page (hospital_id, case_index);
create index application_page_to_forget on application_page (forget_at);
