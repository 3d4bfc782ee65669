-- Files that belong to evidence (附件). content holds ciphertext, content_mac a keyed digest within the claim: an equal
-- file of a later revision keeps its row and its id.

create table attachment (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    revision bigint not null,
    content_mac bytea not null,
    media_type text collate "C" not null,
    bytes bigint not null,
    content bytea not null
);
create index attachment_by_content on attachment (claim_id, content_mac);

-- What a delivery's packet names for its recipient; left_at is when the file's first byte left in this delivery.
create table delivery_attachment (
    delivery_id text collate "C" not null references delivery (id) on delete cascade,
    attachment_id text collate "C" not null references attachment (id) on delete cascade,
    evidence_id text collate "C" not null,
    left_at bigint,
    primary key (delivery_id, attachment_id)
);
create index delivery_attachment_by_attachment on delivery_attachment (attachment_id);
