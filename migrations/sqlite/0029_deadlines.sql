-- Last days somebody is reminded of (期限): that of a payment (subject_id a submission), of papers (a request), of an offset's
-- payment (a case and its insurer). told is what was said of it, next_at when it is looked at next. A row goes when nothing is
-- waited for any more.

create table deadline (
    kind text not null,
    subject_id text not null,
    party_id text not null references party (id),
    role text not null,
    claim_id text not null references claim (id),
    line text not null,
    due_on text not null,
    told text not null,
    next_at integer not null,
    primary key (kind, subject_id, party_id)
) strict;
create index deadline_next on deadline (next_at);
create index deadline_of_party on deadline (party_id, due_on);
create index deadline_by_claim on deadline (claim_id);
create index deadline_told on deadline (party_id) where told <> 'nothing';

-- Turnaround is computed over the deliveries that left in a window: who asks for a party's reads no other's.
create index delivery_left_of_party on delivery (party_id, left_at) where left_at is not null;
