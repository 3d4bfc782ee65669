-- What each delivery holds, document by document, so that the next one can say what it changes; what hospitals take back
-- and why; and the places of timeline entries in the stream of each reader. identity, content and replaced_by hold keyed
-- digests.

create table delivery_document (
    delivery_id text not null references delivery (id),
    evidence_id text not null,
    kind text not null,
    identity blob,
    content blob not null,
    mark text not null,
    reason text,
    primary key (delivery_id, evidence_id)
) strict;

create table withdrawn_document (
    claim_id text not null references claim (id),
    revision integer not null,
    kind text not null,
    identity blob not null,
    reason text not null,
    replaced_by blob,
    primary key (claim_id, revision, kind, identity)
) strict;

-- From 1 without gaps for each party; of the entries for the owner, for each claim.
alter table timeline add column position integer;
create index timeline_by_position on timeline (audience_role, audience_party, position);
create index timeline_without_position on timeline (at, id) where position is null;
