-- Repairs (維修案): one shop's job on a claim of an accident. body holds ciphertext: inspection, estimates, decisions, invoice,
-- every step. In the clear stand who takes part and the state. invoice_mac is a keyed digest of seller, number and year.

create table repair (
    id text not null primary key,
    claim_id text not null references claim (id),
    shop_id text not null references party (id),
    state text not null,
    body blob not null,
    version integer not null,
    created_at integer not null,
    changed_at integer not null
) strict;
create index repair_by_claim on repair (claim_id, id);
create index repair_by_shop on repair (shop_id, id);

create table repair_invoice (
    invoice_mac blob not null primary key,
    repair_id text not null references repair (id),
    created_at integer not null
) strict;
create index repair_invoice_by_repair on repair_invoice (repair_id);
