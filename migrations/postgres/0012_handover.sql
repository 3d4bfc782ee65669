-- Deliveries in other forms, given back, handed on, and cases that came by another rail. receipt_key and number_mac hold
-- keyed digests; answer, suggested and number hold ciphertext.

-- What a recipient's own FHIR repository answered to a delivery it took.
create table repository_receipt (
    delivery_id text collate "C" not null primary key references delivery (id),
    answer bytea not null,
    at bigint not null
);

-- A delivery with a row here is returned, whatever its own state says: that is 'withdrawn', so that nothing leaves any more.
create table delivery_return (
    delivery_id text collate "C" not null primary key references delivery (id),
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    reason text collate "C" not null,
    suggested bytea,
    refused text collate "C",
    at bigint not null
);
create index delivery_return_by_claim on delivery_return (claim_id);

-- From the delivery that was returned to the one that followed it.
create table delivery_forward (
    delivery_id text collate "C" not null primary key references delivery (id),
    to_delivery_id text collate "C" not null references delivery (id),
    hops bigint not null,
    at bigint not null
);
create index delivery_forward_by_target on delivery_forward (to_delivery_id);

-- The insurer's own case by another rail.
create table submission_link (
    submission_id text collate "C" not null references submission (id),
    party_id text collate "C" not null references party (id),
    rail text collate "C" not null,
    number_mac bytea not null,
    number bytea not null,
    at bigint not null,
    primary key (submission_id, rail, number_mac)
);
create index submission_link_by_number on submission_link (party_id, rail, number_mac);

-- What makes two claims of one hospital the same receipt, or the same visit.
create table receipt_key (
    claim_id text collate "C" not null references claim (id),
    hospital_id text collate "C" not null references party (id),
    key_mac bytea not null,
    primary key (claim_id, key_mac)
);
create index receipt_key_by_key on receipt_key (hospital_id, key_mac);
