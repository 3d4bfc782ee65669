-- Look-ups of who covers a vehicle of an accident (投保查詢), numbered in each claim. body is ciphertext under the claim's key: the
-- plate, the consent, what was found. plate_mac is a keyed digest. What has no answered_at was asked and not written down.
create table cover_lookup (
    claim_id text not null references claim (id),
    number integer not null,
    plate_mac blob not null,
    body blob not null,
    asked_at integer not null,
    answered_at integer,
    primary key (claim_id, number)
) strict;
