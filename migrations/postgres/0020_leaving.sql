-- 1 while left_at is the mark of an attempt that may still fail: nobody knows that a byte of the delivery went out.
alter table delivery add column leaving bigint not null default 0;
