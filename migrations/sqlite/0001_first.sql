-- Everything a claim needs from a hospital's push to an insurer's status. Times are milliseconds since 1970 (UTC).
-- Columns named body, answer_key, detail or wrapped hold ciphertext; *_index, *_mac and content hold keyed digests.

create table party (
    id text not null primary key,
    role text not null check (role in ('hospital', 'insurer', 'app')),
    state text not null check (state in ('live', 'suspended')),
    document text not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null
) strict;

create table party_identifier (
    system text not null,
    value text not null,
    party_id text not null references party (id),
    primary key (system, value)
) strict;

create table claim_key (
    claim_id text not null primary key,
    wrapped blob not null
) strict;

create table claim (
    id text not null primary key,
    hospital_id text not null references party (id),
    case_index blob not null,
    kind text not null check (kind in ('health', 'motor')),
    revision integer not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    unique (hospital_id, case_index)
) strict;

create table bundle (
    claim_id text not null references claim (id),
    revision integer not null,
    body_mac blob not null,
    body blob not null,
    answer text not null,
    received_at integer not null,
    primary key (claim_id, revision)
) strict;

create table evidence (
    id text not null primary key,
    claim_id text not null references claim (id),
    revision integer not null,
    kind text not null,
    body blob not null,
    superseded_by integer
) strict;
create index evidence_by_claim on evidence (claim_id, revision);

create table consent (
    id text not null primary key,
    claim_id text not null references claim (id),
    basis text not null,
    reference text not null,
    purpose text not null,
    recipients text not null,
    created_at integer not null
) strict;
create index consent_by_claim on consent (claim_id);

create table packet (
    id text not null primary key,
    claim_id text not null references claim (id),
    revision integer not null,
    body blob not null,
    manifest_digest blob not null,
    created_at integer not null
) strict;
create index packet_by_claim on packet (claim_id, revision);

create table delivery (
    id text not null primary key,
    packet_id text not null references packet (id),
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    line text not null,
    revision integer not null,
    state text not null check (state in ('held', 'ready', 'acknowledged', 'withdrawn')),
    position integer,
    content blob not null,
    kid text not null,
    sealed blob not null,
    sealed_bytes integer not null,
    sealed_digest text not null,
    presentation_digest text not null,
    created_at integer not null,
    left_at integer,
    acknowledged_at integer,
    acknowledgement text,
    unique (claim_id, party_id, line, revision),
    unique (party_id, position)
) strict;
create index delivery_without_position on delivery (created_at) where position is null;

create table submission (
    id text not null primary key,
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    line text not null,
    state text not null,
    detail blob,
    version integer not null,
    created_at integer not null,
    changed_at integer not null,
    unique (claim_id, party_id, line)
) strict;

create table timeline (
    id text not null primary key,
    claim_id text not null references claim (id),
    at integer not null,
    audience_role text not null,
    audience_party text not null,
    event text not null,
    parameters text not null
) strict;
create index timeline_by_audience on timeline (claim_id, audience_role, audience_party, at);

create table audit (
    id text not null primary key,
    at integer not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail text not null,
    position integer unique,
    hash blob
) strict;
create index audit_without_position on audit (at) where position is null;

-- The last position of each stream: one per recipient ('delivery:<party>') and one for the audit trail ('audit').
create table stream (
    name text not null primary key,
    position integer not null,
    hash blob not null
) strict;

create table idempotency (
    party_id text not null references party (id),
    route text not null,
    key_mac blob not null,
    body_mac blob not null,
    answer text not null,
    expires_at integer not null,
    primary key (party_id, route, key_mac)
) strict;

create table assertion_use (
    party_id text not null references party (id),
    jti text not null,
    expires_at integer not null,
    primary key (party_id, jti)
) strict;
create index assertion_use_by_expiry on assertion_use (expires_at);

create table tracking_code (
    code_mac blob not null primary key,
    claim_id text not null references claim (id),
    expires_at integer not null,
    used_at integer
) strict;

create table claim_link (
    claim_id text not null references claim (id),
    party_id text not null references party (id),
    created_at integer not null,
    primary key (claim_id, party_id)
) strict;

create table work (
    id text not null primary key,
    claim_id text not null references claim (id),
    due_at integer not null,
    lease_until integer,
    fence integer not null,
    done_at integer
) strict;
create index work_due on work (due_at) where done_at is null;
