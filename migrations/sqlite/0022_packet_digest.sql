-- The daily check of the public log reads which packet has which digest, of every packet: without their bodies.
create index packet_digest on packet (id, manifest_digest);
