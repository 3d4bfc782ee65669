-- Last days somebody is reminded of (期限): that of a payment (subject_id a submission), of papers (a request), of an offset's
-- payment (a case and its insurer). told is what was said of it, next_at when it is looked at next. A row goes when nothing is
-- waited for any more.

create table deadline (
    kind text collate "C" not null,
    subject_id text collate "C" not null,
    party_id text collate "C" not null references party (id),
    role text collate "C" not null,
    claim_id text collate "C" not null references claim (id),
    line text collate "C" not null,
    due_on text collate "C" not null,
    told text collate "C" not null,
    next_at bigint not null,
    primary key (kind, subject_id, party_id)
);
create index deadline_next on deadline (next_at);
create index deadline_of_party on deadline (party_id, due_on);
create index deadline_by_claim on deadline (claim_id);
create index deadline_told on deadline (party_id) where told <> 'nothing';

-- Turnaround is computed over the deliveries that left in a window: who asks for a party's reads no other's.
create index delivery_left_of_party on delivery (party_id, left_at) where left_at is not null;
