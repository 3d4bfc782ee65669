-- What is forgotten by its age, and a claim's code when it is erased, are found without reading the whole table.
create index idempotency_by_expiry on idempotency (expires_at);
create index tracking_code_by_expiry on tracking_code (expires_at);
create index tracking_code_by_claim on tracking_code (claim_id);
