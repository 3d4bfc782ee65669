-- A paper somebody handed in of an accident, which its source is asked about; what a filer answered to the question whether
-- filings of the same vehicles in the same half hour are one accident, and when that is looked at. trace_mac is a keyed digest
-- of a plate and a half hour: never of a plate alone.
alter table accident_paper add column handed_in bigint not null default 0;
alter table accident_filing add column linking text collate "C";
alter table accident_filing add column link_due_at bigint;
create index accident_filing_link_due on accident_filing (link_due_at) where link_due_at is not null;

create table accident_trace (
    claim_id text collate "C" not null references claim (id),
    trace_mac bytea not null,
    primary key (claim_id, trace_mac)
);
create index accident_trace_by_mac on accident_trace (trace_mac);
