// Answers a request of OpenID4VP 1.0 as a wallet: node openid4vp.mjs LINK DOOR, on standard input {"credential", "holder": jwk,
// "now", "show": names}. DOOR is where the gateway listens; whether its certificate may ask is not looked at here
import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { CompactEncrypt, exportJWK, importJWK, importX509, compactVerify } from "jose";
import { Openid4vpClient } from "@openid4vc/openid4vp";
import { ES256, digest, generateSalt } from "@sd-jwt/crypto-nodejs";
import { SDJwtVcInstance } from "@sd-jwt/sd-jwt-vc";

const [link, door, asked] = [process.argv[2], process.argv[3], JSON.parse(readFileSync(0, "utf8"))];
const at = (address) => door + new URL(address).pathname;
const callbacks = {
  fetch: (address, how) => fetch(at(address), how),
  hash: (bytes, alg) => new Uint8Array(createHash(alg.replace("-", "")).update(bytes).digest()),
  getX509CertificateMetadata: (text) => {
    const names = new X509Certificate(Buffer.from(text, "base64")).subjectAltName.split(", ");
    const of = (kind) => names.filter((name) => name.startsWith(kind)).map((name) => name.slice(kind.length));
    return { sanDnsNames: of("DNS:"), sanUriNames: of("URI:") };
  },
  verifyJwt: async (signer, { compact }) => {
    const pem = `-----BEGIN CERTIFICATE-----\n${signer.x5c[0]}\n-----END CERTIFICATE-----`;
    const key = await importX509(pem, signer.alg, { extractable: true });
    const verified = await compactVerify(compact, key).then(() => true, () => false);
    return { verified, signerJwk: await exportJWK(key) };
  },
  encryptJwe: async ({ publicJwk, alg, enc, apu, apv }, data) => {
    const parties = { apu: Buffer.from(apu ?? "", "base64url"), apv: Buffer.from(apv ?? "", "base64url") };
    const sealing = new CompactEncrypt(new TextEncoder().encode(data)).setProtectedHeader({ alg, enc, kid: publicJwk.kid });
    const jwe = await sealing.setKeyManagementParameters(parties).encrypt(await importJWK(publicJwk, alg));
    return { jwe, encryptionJwk: publicJwk };
  },
  signJwt: () => { throw new Error("nothing is signed but by the holder's proof"); },
};
const client = new Openid4vpClient({ callbacks });
const { params } = client.parseOpenid4vpAuthorizationRequest({ authorizationRequest: link });
const request = await client.resolveOpenId4vpAuthorizationRequest({ authorizationRequestPayload: params });
const payload = request.authorizationRequestPayload;

const wallet = new SDJwtVcInstance({
  hasher: digest, hashAlg: "sha-256", saltGenerator: generateSalt, kbSignAlg: "ES256", kbSigner: await ES256.getSigner(asked.holder),
});
const kb = { payload: { iat: asked.now, nonce: payload.nonce, aud: payload.client_id } };
if (request.transactionData) {
  kb.payload.transaction_data_hashes = request.transactionData.map(({ encoded }) => createHash("sha256").update(encoded).digest("base64url"));
  kb.payload.transaction_data_hashes_alg = "sha-256";
}
const shown = await wallet.present(asked.credential, Object.fromEntries(asked.show.map((name) => [name, true])), { kb });
const vp_token = { [request.dcql.query.credentials[0].id]: [shown] };
const jarm = {
  encryption: { nonce: "a-wallets-own-nonce" },
  serverMetadata: { authorization_encryption_alg_values_supported: ["ECDH-ES"], authorization_encryption_enc_values_supported: [asked.enc] },
};
const answer = await client.createOpenid4vpAuthorizationResponse({
  authorizationRequestPayload: payload, authorizationResponsePayload: { vp_token }, jarm,
});
const { response, responseMode } = await client.submitOpenid4vpAuthorizationResponse({
  authorizationRequestPayload: payload, authorizationResponsePayload: answer.authorizationResponsePayload, jarm: answer.jarm,
});
const prefix = request.client.prefix;
console.log(JSON.stringify({ prefix, version: request.version, responseMode, status: response.status, said: await response.json() }));
