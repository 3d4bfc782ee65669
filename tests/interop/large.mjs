// Opens and checks an attachment in segments: node large.mjs KEY.jwk OPENED.json KEY.jose CONTENT ID; its bytes on standard output
import { closeSync, openSync, readFileSync, readSync, writeSync } from "node:fs";
import { createDecipheriv, createHash } from "node:crypto";
import { compactDecrypt, importJWK } from "jose";

const [key, opened] = process.argv.slice(2, 4).map((name) => JSON.parse(readFileSync(name, "utf8"))); // as open.mjs printed it
const [text, wanted] = [readFileSync(process.argv[4], "utf8"), process.argv[6]];
const unless = (holds, code) => holds || (console.error(`refused: ${code}`), process.exit(1));
const sha256 = (...parts) => createHash("sha256").update(Buffer.concat(parts)).digest();

const named = opened.evidence.flatMap((one) => one.attachments).find((file) => file.id === wanted);
unless(named, "attachment.unknown");
const { epk, ...header } = JSON.parse(Buffer.from(text.split(".")[0], "base64url").toString()); // the key decides, never the header
const expected = { alg: key.alg, enc: "A256GCM", typ: "claim-packet+jwe", cty: "claim-attachment-key+json", kid: key.kid };
const exact = Object.keys(header).length === 5 && Object.keys(expected).every((name) => header[name] === expected[name]);
unless(exact && (epk !== undefined) === (key.kty !== "RSA"), "attachment.header");
const allowed = { keyManagementAlgorithms: [key.alg], contentEncryptionAlgorithms: ["A256GCM"] };
const { plaintext } = await compactDecrypt(text, await importJWK(key, key.alg), allowed);
const file = JSON.parse(Buffer.from(plaintext).toString());
unless(file.id === wanted && file.bytes === named.bytes, "attachment.size");
unless(file.digest === named.digest, "attachment.digest");
const [size, leaves] = [file.segment_bytes, file.leaves.map((leaf) => Buffer.from(leaf, "base64url"))];
const count = Math.ceil(file.bytes / size);
unless(leaves.length === count, "attachment.size");
let level = leaves;
while (level.length > 1) {
  const pairs = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => level.slice(at * 2, at * 2 + 2));
  level = pairs.map((pair) => (pair.length === 2 ? sha256(Buffer.from([1]), ...pair) : pair[0]));
}
unless(level[0].equals(Buffer.from(file.root, "base64url")), "attachment.digest");
const [content, whole, sealed] = [openSync(process.argv[5]), createHash("sha256"), Buffer.alloc(size + 28)];
for (let number = 0; number < count; number++) {
  const length = readSync(content, sealed, 0, size + 28, null);
  unless(length >= 28, "attachment.size");
  const aad = Buffer.from([0, 0, 0, 0, number === count - 1 ? 1 : 0]);
  aad.writeUInt32BE(number);
  const opener = createDecipheriv("aes-256-gcm", Buffer.from(file.key, "base64url"), sealed.subarray(0, 12)).setAAD(aad);
  opener.setAuthTag(sealed.subarray(length - 16, length));
  let plain = opener.update(sealed.subarray(12, length - 16));
  try {
    plain = Buffer.concat([plain, opener.final()]);
  } catch {
    unless(false, "attachment.decrypt");
  }
  unless(sha256(Buffer.from([0]), plain).equals(leaves[number]), "attachment.digest");
  whole.update(plain);
  for (let sent = 0; sent < plain.length; ) sent += writeSync(1, plain, sent);
}
unless(readSync(content, sealed, 0, 1, null) === 0, "attachment.size");
closeSync(content);
unless(whole.digest("base64url") === named.digest, "attachment.digest");
