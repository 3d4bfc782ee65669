// Issues and presents an SD-JWT VC, and judges others: node wallet.mjs NONCE AUDIENCE, on standard input {"vct", "claims",
// "show"} to present, or {"judge": [texts], "key": jwk} to say of each text whether this library takes it
import { readFileSync } from "node:fs";
import { exportJWK, generateKeyPair } from "jose";
import { SDJwtInstance } from "@sd-jwt/core";
import { ES256, digest, generateSalt } from "@sd-jwt/crypto-nodejs";

const [nonce, audience, asked] = [process.argv[2], process.argv[3], JSON.parse(readFileSync(0, "utf8"))];
const verifies = async (jwk) => ES256.getVerifier({ kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y });
const shared = { hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt, signAlg: "ES256", kbSignAlg: "ES256" };
const kbVerifier = async (data, signature, payload) => (await verifies(payload.cnf.jwk))(data, signature);

if (asked.judge) {
  const instance = new SDJwtInstance({ ...shared, verifier: await verifies(asked.key), kbVerifier });
  const taken = (text) => instance.verify(text, { keyBindingNonce: nonce }).then(({ kb }) => kb.payload.aud === audience);
  console.log(JSON.stringify(await Promise.all(asked.judge.map((text) => taken(text).catch(() => false)))));
  process.exit();
}
const pair = async () => {
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  return [await exportJWK(publicKey), await exportJWK(privateKey)];
};
const [[issuerPublic, issuer], [holderPublic, holder]] = [await pair(), await pair()];
const frame = (value) => {
  if (Array.isArray(value)) return { _sd: value.map((_, place) => place), ...Object.fromEntries(value.map((one, place) => [place, frame(one)]).filter(([, one]) => one)) };
  if (value === null || typeof value !== "object") return undefined;
  const inner = Object.entries(value).map(([name, one]) => [name, frame(one)]).filter(([, one]) => one);
  return { _sd: Object.keys(value), _sd_decoy: 2, ...Object.fromEntries(inner) };
};
const now = Math.floor(Date.now() / 1000);
const clear = { iss: "https://dmv.example", iat: now, exp: now + 600, vct: asked.vct, cnf: { jwk: holderPublic } };
const instance = new SDJwtInstance({ ...shared, signer: await ES256.getSigner(issuer), kbSigner: await ES256.getSigner(holder) });
const header = { typ: "dc+sd-jwt", kid: "key-1" };
const issued = await instance.issue({ ...clear, ...asked.claims }, frame(asked.claims), { header });
const kb = { payload: { iat: now, nonce, aud: audience } };
const text = await instance.present(issued, asked.show, { kb });
console.log(JSON.stringify({ key: { ...issuerPublic, kid: "key-1" }, now, text }));
