// Opens and checks an attachment: node attachment.mjs KEY.jwk OPENED.json ATTACHMENT.jose ID; its bytes on standard output
import { readFileSync, writeSync } from "node:fs";
import { createHash } from "node:crypto";
import { compactDecrypt, importJWK } from "jose";

const [key, opened] = process.argv.slice(2, 4).map((name) => JSON.parse(readFileSync(name, "utf8"))); // as open.mjs printed it
const [text, wanted] = [readFileSync(process.argv[4], "utf8"), process.argv[5]];
const unless = (holds, code) => holds || (console.error(`refused: ${code}`), process.exit(1));

const named = opened.evidence.flatMap((one) => one.attachments).find((file) => file.id === wanted);
unless(named, "attachment.unknown");
unless(text.length <= Math.floor((20 << 20) / 3) * 4 + 8192, "attachment.too_large");
const { epk, ...header } = JSON.parse(Buffer.from(text.split(".")[0], "base64url").toString()); // the key decides, never the header
const expected = { alg: key.alg, enc: "A256GCM", typ: "claim-packet+jwe", cty: "claim-packet-attachment", kid: key.kid };
const exact = Object.keys(header).length === 5 && Object.keys(expected).every((name) => header[name] === expected[name]);
unless(exact && (epk !== undefined) === (key.kty !== "RSA"), "attachment.header");
const allowed = { keyManagementAlgorithms: [key.alg], contentEncryptionAlgorithms: ["A256GCM"] };
const { plaintext } = await compactDecrypt(text, await importJWK(key, key.alg), allowed);
unless(plaintext.length === named.bytes, "attachment.size");
unless(createHash("sha256").update(plaintext).digest("base64url") === named.digest, "attachment.digest");
for (let sent = 0; sent < plaintext.length; ) sent += writeSync(1, plaintext, sent);
