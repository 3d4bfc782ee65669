// Checks a webhook before it is believed: node webhook.mjs KEY HEADERS.json < BODY
// KEY is what the operator handed over: whsec_… (shared secret) or whpk_… (Ed25519 public key).
import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [key, headersFile] = process.argv.slice(2);
const headers = JSON.parse(readFileSync(headersFile, "utf8"));
const body = readFileSync(0); // the bytes as they came: JSON that was parsed and written again is other bytes

if (key.startsWith("whsec_")) {
  // Every signature but v1 is passed over; the time may be five minutes off.
  new Webhook(key).verify(body.toString("utf8"), headers);
} else {
  const seconds = Number(headers["webhook-timestamp"]);
  if (!(Math.abs(Date.now() / 1000 - seconds) <= 300)) throw new Error("stale");
  const raw = Buffer.from(key.slice("whpk_".length), "base64");
  const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.concat([Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`), body]);
  const good = headers["webhook-signature"].split(" ").filter((one) => one.startsWith("v1a,"))
    .some((one) => verify(null, signed, publicKey, Buffer.from(one.slice(4), "base64")));
  if (!good) throw new Error("not genuine");
}
// Now drop it if this webhook-id was seen before, store it, answer 2xx, and fetch the delivery afterwards.
console.log(JSON.parse(body).data.delivery_id);
