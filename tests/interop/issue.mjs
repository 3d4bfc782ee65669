// Signs and seals a packet: node issue.mjs GATEWAY.jwk ISSUER RECIPIENT_PUBLIC.jwk PARTY, evidence as JSON on standard input
import { readFileSync } from "node:fs";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { CompactEncrypt, CompactSign, importJWK } from "jose";
import { SDJwtInstance } from "@sd-jwt/core";
import { digest } from "@sd-jwt/crypto-nodejs";

const [signer, recipient] = [2, 4].map((place) => JSON.parse(readFileSync(process.argv[place], "utf8")));
const [issuer, party, evidence] = [process.argv[3], process.argv[5], JSON.parse(readFileSync(0, "utf8"))];
const sha256 = (one) => createHash("sha256").update(one).digest("base64url");
const salts = []; // by their order, so that the second pass makes the same disclosures as the first
const secret = await importJWK(signer, signer.alg);
const sign = async (input) => {
  const [head, body] = input.split(".").map((part) => Buffer.from(part, "base64url"));
  const jws = await new CompactSign(body).setProtectedHeader(JSON.parse(head)).sign(secret);
  return jws.split(".")[2];
};
const [now, identity] = [Math.floor(Date.now() / 1000), randomUUID()];
const packet = async (grants) => {
  let count = 0;
  const saltGenerator = () => (salts[count++] ??= randomBytes(16).toString("base64url"));
  const instance = new SDJwtInstance({ hasher: digest, hashAlg: "sha-256", saltGenerator, signer: sign, signAlg: signer.alg });
  const element = { aud: party, party, line: "health-reimbursement", purpose: "claim-assessment", revision: 1, supersedes: null, grants };
  const claim = { id: `clm_${identity}`, kind: "health" };
  const claims = { iss: issuer, iat: now, jti: `pkt_${identity}`, ver: 1, claim, evidence, recipients: [element] };
  const frame = { evidence: { _sd: Object.keys(evidence) }, recipients: { _sd: [0] } };
  return instance.issue(claims, frame, { header: { typ: "claim-packet+sd-jwt", kid: signer.kid } });
};
const named = (one) => JSON.parse(Buffer.from(one, "base64url")).length === 3;
const grants = (await packet([])).split("~").slice(1, -1).filter(named).map(sha256).sort();
const presentation = await packet(grants);
const header = { alg: recipient.alg, enc: "A256GCM", typ: "claim-packet+jwe", cty: "claim-packet+sd-jwt", kid: recipient.kid };
const seal = new CompactEncrypt(Buffer.from(presentation)).setProtectedHeader(header);
console.log(await seal.encrypt(await importJWK(recipient, recipient.alg)));
