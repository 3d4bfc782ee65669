-- Everything a claim needs from a hospital's push to an insurer's status. Times are milliseconds since 1970 (UTC).
-- Columns named body, answer_key, detail or wrapped hold ciphertext; *_index, *_mac and content hold keyed digests.

create table party (
    id text collate "C" not null primary key,
    role text collate "C" not null check (role in ('hospital', 'insurer', 'app')),
    state text collate "C" not null check (state in ('live', 'suspended')),
    document text collate "C" not null,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null
);

create table party_identifier (
    system text collate "C" not null,
    value text collate "C" not null,
    party_id text collate "C" not null references party (id),
    primary key (system, value)
);

create table claim_key (
    claim_id text collate "C" not null primary key,
    wrapped bytea not null
);

create table claim (
    id text collate "C" not null primary key,
    hospital_id text collate "C" not null references party (id),
    case_index bytea not null,
    kind text collate "C" not null check (kind in ('health', 'motor')),
    revision bigint not null,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null,
    unique (hospital_id, case_index)
);

create table bundle (
    claim_id text collate "C" not null references claim (id),
    revision bigint not null,
    body_mac bytea not null,
    body bytea not null,
    answer text collate "C" not null,
    received_at bigint not null,
    primary key (claim_id, revision)
);

create table evidence (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    revision bigint not null,
    kind text collate "C" not null,
    body bytea not null,
    superseded_by bigint
);
create index evidence_by_claim on evidence (claim_id, revision);

create table consent (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    basis text collate "C" not null,
    reference text collate "C" not null,
    purpose text collate "C" not null,
    recipients text collate "C" not null,
    created_at bigint not null
);
create index consent_by_claim on consent (claim_id);

create table packet (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    revision bigint not null,
    body bytea not null,
    manifest_digest bytea not null,
    created_at bigint not null
);
create index packet_by_claim on packet (claim_id, revision);

create table delivery (
    id text collate "C" not null primary key,
    packet_id text collate "C" not null references packet (id),
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    revision bigint not null,
    state text collate "C" not null check (state in ('held', 'ready', 'acknowledged', 'withdrawn')),
    position bigint,
    content bytea not null,
    kid text collate "C" not null,
    sealed bytea not null,
    sealed_bytes bigint not null,
    sealed_digest text collate "C" not null,
    presentation_digest text collate "C" not null,
    created_at bigint not null,
    left_at bigint,
    acknowledged_at bigint,
    acknowledgement text collate "C",
    unique (claim_id, party_id, line, revision),
    unique (party_id, position)
);
create index delivery_without_position on delivery (created_at) where position is null;

create table submission (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    line text collate "C" not null,
    state text collate "C" not null,
    detail bytea,
    version bigint not null,
    created_at bigint not null,
    changed_at bigint not null,
    unique (claim_id, party_id, line)
);

create table timeline (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    at bigint not null,
    audience_role text collate "C" not null,
    audience_party text collate "C" not null,
    event text collate "C" not null,
    parameters text collate "C" not null
);
create index timeline_by_audience on timeline (claim_id, audience_role, audience_party, at);

create table audit (
    id text collate "C" not null primary key,
    at bigint not null,
    actor text collate "C" not null,
    action text collate "C" not null,
    subject text collate "C" not null,
    detail text collate "C" not null,
    position bigint unique,
    hash bytea
);
create index audit_without_position on audit (at) where position is null;

-- The last position of each stream: one per recipient ('delivery:<party>') and one for the audit trail ('audit').
create table stream (
    name text collate "C" not null primary key,
    position bigint not null,
    hash bytea not null
);

create table idempotency (
    party_id text collate "C" not null references party (id),
    route text collate "C" not null,
    key_mac bytea not null,
    body_mac bytea not null,
    answer text collate "C" not null,
    expires_at bigint not null,
    primary key (party_id, route, key_mac)
);

create table assertion_use (
    party_id text collate "C" not null references party (id),
    jti text collate "C" not null,
    expires_at bigint not null,
    primary key (party_id, jti)
);
create index assertion_use_by_expiry on assertion_use (expires_at);

create table tracking_code (
    code_mac bytea not null primary key,
    claim_id text collate "C" not null references claim (id),
    expires_at bigint not null,
    used_at bigint
);

create table claim_link (
    claim_id text collate "C" not null references claim (id),
    party_id text collate "C" not null references party (id),
    created_at bigint not null,
    primary key (claim_id, party_id)
);

create table work (
    id text collate "C" not null primary key,
    claim_id text collate "C" not null references claim (id),
    due_at bigint not null,
    lease_until bigint,
    fence bigint not null,
    done_at bigint
);
create index work_due on work (due_at) where done_at is null;
