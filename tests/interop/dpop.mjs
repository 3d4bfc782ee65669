// Gets a token bound to a key (DPoP), then reads an address with it: node dpop.mjs KEY.jwk GATE PATH
import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { SignJWT, exportJWK, generateKeyPair, importJWK } from "jose";

const [file, gate, path] = process.argv.slice(2);
const own = JSON.parse(readFileSync(file, "utf8"));
// The key the tokens are bound to: made anew at each start, it never leaves this process.
const { publicKey, privateKey } = await generateKeyPair("ES256");
const header = { typ: "dpop+jwt", alg: "ES256", jwk: await exportJWK(publicKey) };
let nonce;

function proof(method, url, token) {
  const claims = { jti: randomUUID(), htm: method, htu: url.split("?")[0], nonce };
  if (token) claims.ath = createHash("sha256").update(token).digest("base64url");
  return new SignJWT(claims).setProtectedHeader(header).setIssuedAt().sign(privateKey);
}

// Each request has a proof of its own; where the gateway asks for a nonce, the request is sent once more.
async function send(method, url, token, body) {
  for (let again = true; ; again = false) {
    const headers = { DPoP: await proof(method, url, token), ...(token && { Authorization: `DPoP ${token}` }) };
    const answer = await fetch(url, { method, headers, body });
    nonce = answer.headers.get("DPoP-Nonce") ?? nonce;
    if (answer.ok) return answer.json();
    if (!again || !answer.headers.has("DPoP-Nonce")) throw new Error(`${answer.status} ${await answer.text()}`);
  }
}

const assertion = new SignJWT({ iss: own.party, sub: own.party, aud: gate, jti: randomUUID() }).setIssuedAt();
assertion.setExpirationTime("2m").setProtectedHeader({ typ: "JWT", alg: own.alg, kid: own.kid });
const form = new URLSearchParams({
  grant_type: "client_credentials", client_assertion: await assertion.sign(await importJWK(own, own.alg)),
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
});
const token = await send("POST", `${gate}/oauth/token`, undefined, form);
console.log(JSON.stringify({ token_type: token.token_type, ...(await send("GET", gate + path, token.access_token)) }));
