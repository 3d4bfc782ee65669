-- What was asked of a wallet, and what came of it. request and outcome are ciphertext; request holds the nonce and the key
-- the answer is encrypted to, and goes when the answer comes. handle_mac and code_mac are keyed digests.
create table wallet_session (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    handle_mac bytea not null,
    query text collate "C" not null,
    purpose text collate "C" not null,
    claim_id text collate "C" references claim (id),
    state text collate "C" not null check (state in ('waiting', 'opened', 'verified', 'held', 'refused')),
    reason text collate "C",
    request bytea,
    outcome bytea,
    code_mac bytea,
    created_at bigint not null,
    closes_at bigint not null,
    answered_at bigint,
    due_at bigint,
    forget_at bigint
);
create unique index wallet_session_by_handle on wallet_session (handle_mac);
create index wallet_session_by_claim on wallet_session (claim_id);
create index wallet_session_by_due on wallet_session (due_at);
create index wallet_session_by_forget on wallet_session (forget_at);
create index wallet_session_by_party on wallet_session (party_id);
