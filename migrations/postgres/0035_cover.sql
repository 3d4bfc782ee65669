-- Look-ups of who covers a vehicle of an accident (投保查詢), numbered in each claim. body is ciphertext under the claim's key: the
-- plate, the consent, what was found. plate_mac is a keyed digest. What has no answered_at was asked and not written down.
create table cover_lookup (
    claim_id text collate "C" not null references claim (id),
    number bigint not null,
    plate_mac bytea not null,
    body bytea not null,
    asked_at bigint not null,
    answered_at bigint,
    primary key (claim_id, number)
);
