-- A recipient's open deliveries and those without a position are found without walking its whole past.

create index delivery_open on delivery (party_id, position) where state = 'ready';
