-- What was asked of MyData (個人化資料自主運用平臺), and what came. request holds, sealed, what was asked and, while the
-- package can be fetched, its ticket and key; package the encrypted package until it is proved. ticket_mac is a keyed digest.

create table mydata_transaction (
    id text not null primary key,
    party_id text not null references party (id),
    purpose text not null,
    claim_id text references claim (id),
    state text not null check (state in ('waiting', 'ready', 'fetching', 'fetched', 'verified', 'refused', 'unavailable',
        'failed', 'lost')),
    reason text,
    returned text,
    ticket_mac blob,
    request blob not null,
    package blob,
    package_digest text,
    unsure integer not null,
    fence integer not null,
    lease_until integer,
    due_at integer,
    created_at integer not null,
    closes_at integer not null,
    notified_at integer,
    fetched_at integer,
    ended_at integer,
    forget_at integer
) strict;
create index mydata_transaction_by_party on mydata_transaction (party_id);
create index mydata_transaction_by_claim on mydata_transaction (claim_id);
create index mydata_transaction_by_due on mydata_transaction (due_at);
create index mydata_transaction_by_forget on mydata_transaction (forget_at);

-- One data set of a transaction that ended. documents and archive are ciphertext: what it became, and the provider's own
-- signed archive, which proves it to others.
create table mydata_dataset (
    id text not null primary key,
    transaction_id text not null references mydata_transaction (id),
    claim_id text references claim (id),
    place integer not null,
    name text not null,
    resource_id text not null,
    state text not null check (state in ('verified', 'unavailable', 'refused')),
    code text,
    reason text,
    provider text,
    fingerprint text,
    revocation text,
    pinned integer not null,
    kind text,
    documents integer not null,
    person text,
    content blob,
    archive blob
) strict;
create unique index mydata_dataset_by_transaction on mydata_dataset (transaction_id, place);
create index mydata_dataset_by_claim on mydata_dataset (claim_id);
