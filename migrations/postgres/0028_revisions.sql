-- What each delivery holds, document by document, so that the next one can say what it changes; what hospitals take back
-- and why; and the places of timeline entries in the stream of each reader. identity, content and replaced_by hold keyed
-- digests.

create table delivery_document (
    delivery_id text collate "C" not null references delivery (id),
    evidence_id text collate "C" not null,
    kind text collate "C" not null,
    identity bytea,
    content bytea not null,
    mark text collate "C" not null,
    reason text collate "C",
    primary key (delivery_id, evidence_id)
);

create table withdrawn_document (
    claim_id text collate "C" not null references claim (id),
    revision bigint not null,
    kind text collate "C" not null,
    identity bytea not null,
    reason text collate "C" not null,
    replaced_by bytea,
    primary key (claim_id, revision, kind, identity)
);

-- From 1 without gaps for each party; of the entries for the owner, for each claim.
alter table timeline add column position bigint;
create index timeline_by_position on timeline (audience_role, audience_party, position);
create index timeline_without_position on timeline (at, id) where position is null;
