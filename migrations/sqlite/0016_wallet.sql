-- What was asked of a wallet, and what came of it. request and outcome are ciphertext; request holds the nonce and the key
-- the answer is encrypted to, and goes when the answer comes. handle_mac and code_mac are keyed digests.
create table wallet_session (
    id text not null primary key,
    party_id text not null references party (id),
    handle_mac blob not null,
    query text not null,
    purpose text not null,
    claim_id text references claim (id),
    state text not null check (state in ('waiting', 'opened', 'verified', 'held', 'refused')),
    reason text,
    request blob,
    outcome blob,
    code_mac blob,
    created_at integer not null,
    closes_at integer not null,
    answered_at integer,
    due_at integer,
    forget_at integer
) strict;
create unique index wallet_session_by_handle on wallet_session (handle_mac);
create index wallet_session_by_claim on wallet_session (claim_id);
create index wallet_session_by_due on wallet_session (due_at);
create index wallet_session_by_forget on wallet_session (forget_at);
create index wallet_session_by_party on wallet_session (party_id);
