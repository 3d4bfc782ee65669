-- What is due and what is leased are found without looking at the rest of a long queue.
drop index webhook_due;
create index webhook_due on webhook (party_id, due_at, ordinal) where state = 'due';
create index webhook_leased on webhook (party_id, lease_until) where state = 'due';
