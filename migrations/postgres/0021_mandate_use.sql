-- How often a mandate that may run out was used. mandate_mac is a keyed digest of its issuer and id; when the mandate ends, so
-- does its row.
create table mandate_use (
    mandate_mac bytea not null primary key,
    uses bigint not null check (uses > 0),
    forget_at bigint not null
);
create index mandate_use_by_forget on mandate_use (forget_at);
