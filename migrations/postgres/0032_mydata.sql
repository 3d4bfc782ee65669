-- What was asked of MyData (個人化資料自主運用平臺), and what came. request holds, sealed, what was asked and, while the
-- package can be fetched, its ticket and key; package the encrypted package until it is proved. ticket_mac is a keyed digest.

create table mydata_transaction (
    id text collate "C" not null primary key,
    party_id text collate "C" not null references party (id),
    purpose text collate "C" not null,
    claim_id text collate "C" references claim (id),
    state text collate "C" not null check (state in ('waiting', 'ready', 'fetching', 'fetched', 'verified', 'refused', 'unavailable',
        'failed', 'lost')),
    reason text collate "C",
    returned text collate "C",
    ticket_mac bytea,
    request bytea not null,
    package bytea,
    package_digest text collate "C",
    unsure bigint not null,
    fence bigint not null,
    lease_until bigint,
    due_at bigint,
    created_at bigint not null,
    closes_at bigint not null,
    notified_at bigint,
    fetched_at bigint,
    ended_at bigint,
    forget_at bigint
);
create index mydata_transaction_by_party on mydata_transaction (party_id);
create index mydata_transaction_by_claim on mydata_transaction (claim_id);
create index mydata_transaction_by_due on mydata_transaction (due_at);
create index mydata_transaction_by_forget on mydata_transaction (forget_at);

-- One data set of a transaction that ended. documents and archive are ciphertext: what it became, and the provider's own
-- signed archive, which proves it to others.
create table mydata_dataset (
    id text collate "C" not null primary key,
    transaction_id text collate "C" not null references mydata_transaction (id),
    claim_id text collate "C" references claim (id),
    place bigint not null,
    name text collate "C" not null,
    resource_id text collate "C" not null,
    state text collate "C" not null check (state in ('verified', 'unavailable', 'refused')),
    code text collate "C",
    reason text collate "C",
    provider text collate "C",
    fingerprint text collate "C",
    revocation text collate "C",
    pinned bigint not null,
    kind text collate "C",
    documents bigint not null,
    person text collate "C",
    content bytea,
    archive bytea
);
create unique index mydata_dataset_by_transaction on mydata_dataset (transaction_id, place);
create index mydata_dataset_by_claim on mydata_dataset (claim_id);
