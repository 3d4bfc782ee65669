// Makes a recipient's two keys: node keys.mjs FOLDER PARTY [P-256 | X25519 | RSA]
import { writeFileSync } from "node:fs";
import { exportJWK, generateKeyPair } from "jose";

const [folder, party, kind] = process.argv.slice(2);
const wrap = kind === "RSA" ? "RSA-OAEP-256" : "ECDH-ES+A256KW";
const keys = [];
for (const [use, alg, options] of [["sig", "ES256", {}], ["enc", wrap, kind === "RSA" ? { modulusLength: 3072 } : { crv: kind }]]) {
  const pair = await generateKeyPair(alg, { ...options, extractable: true });
  const names = { use, alg, kid: `${party}-${use}-${Date.now()}` };
  writeFileSync(`${folder}/${party}.${use}.json`, JSON.stringify({ ...(await exportJWK(pair.privateKey)), ...names }));
  keys.push({ ...(await exportJWK(pair.publicKey)), ...names });
}
writeFileSync(`${folder}/${party}.jwks.json`, JSON.stringify({ keys }));
