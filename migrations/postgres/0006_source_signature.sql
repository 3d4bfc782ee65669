-- What a hospital signed (電子簽章): the signatures of a push that verified, sealed under the claim's key.

alter table bundle add column signature bytea;
