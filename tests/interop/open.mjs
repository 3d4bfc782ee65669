// Opens and verifies a packet: node open.mjs KEY.jwk claim-packet-keys.json PACKET.jose PARTY
import { readFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { compactDecrypt, compactVerify, importJWK } from "jose";
import { SDJwtInstance } from "@sd-jwt/core";
import { digest } from "@sd-jwt/crypto-nodejs";

const [key, trust] = process.argv.slice(2, 4).map((name) => JSON.parse(readFileSync(name, "utf8")));
const [text, me] = [readFileSync(process.argv[4], "utf8"), process.argv[5]];
const sha256 = (one) => createHash("sha256").update(one).digest("base64url");
const decoded = (part) => JSON.parse(Buffer.from(part, "base64url").toString());
const unless = (holds, code) => holds || (console.error(`refused: ${code}`), process.exit(1));
const only = (header, expected) =>
  Object.keys(header).length === Object.keys(expected).length && Object.keys(expected).every((name) => header[name] === expected[name]);

const { epk, ...header } = decoded(text.split(".")[0]); // the key decides, never the header
const expected = { alg: key.alg, enc: "A256GCM", typ: "claim-packet+jwe", cty: "claim-packet+sd-jwt", kid: key.kid };
unless(only(header, expected) && (epk !== undefined) === (key.kty !== "RSA"), "packet.header");
const allowed = { keyManagementAlgorithms: [key.alg], contentEncryptionAlgorithms: ["A256GCM"] };
const { plaintext } = await compactDecrypt(text, await importJWK(key, key.alg), allowed);
const presentation = Buffer.from(plaintext).toString();

const [head, body] = presentation.split("~")[0].split(".").slice(0, 2).map(decoded);
const digests = JSON.stringify(body).match(/"[\w-]{43}"/g); // every digest of the manifest, once
unless(presentation.endsWith("~") && new Set(digests).size === digests.length, "packet.duplicate");
unless(body.ver === 1 && body.iat < Date.now() / 1000 + 60, "packet.version");
const signer = trust.keys.find((one) => one.kid === head.kid);
unless(signer && body.iss === trust.issuer, "packet.unknown_key");
unless(only(head, { alg: signer.alg, kid: signer.kid, typ: "claim-packet+sd-jwt" }), "packet.header");
const ends = Math.min(signer.exp ?? Infinity, signer.revoked_at ?? Infinity);
unless(body.iat < ends && Date.now() / 1000 < ends && (signer.nbf ?? 0) <= body.iat, "packet.key");
const verifier = async (data, signature) => Boolean(await compactVerify(`${data}.${signature}`, await importJWK(signer, signer.alg)));
const { payload: packet } = await new SDJwtInstance({ hasher: digest, verifier }).verify(presentation);
const recipients = packet.recipients.filter((one) => one.aud !== undefined); // what is not disclosed stays a digest
unless(recipients.length === 1 && recipients[0].aud === me, "packet.not_addressed");
const granted = presentation.split("~").slice(1, -1).filter((one) => decoded(one)[1]?.aud === undefined).map(sha256).sort();
unless(JSON.stringify(granted) === JSON.stringify(recipients[0].grants), "packet.incomplete");
const evidence = Object.entries(packet.evidence).filter(([id]) => id !== "_sd").sort().map(([id, value]) => ({ id, ...value }));
const output = { packet_id: packet.jti, claim: packet.claim, recipient: recipients[0], evidence };
console.log(JSON.stringify({ ...output, presentation_digest: sha256(presentation) }));
