// Signs a receipt: node receipt.mjs KEY.jwk DELIVERY PACKET LINE PRESENTATION_DIGEST accepted|rejected
import { readFileSync } from "node:fs";
import { SignJWT, importJWK } from "jose";

const key = JSON.parse(readFileSync(process.argv[2], "utf8"));
const [delivery_id, packet_id, line, presentation_digest, result] = process.argv.slice(3);
const receipt = new SignJWT({ delivery_id, packet_id, line, presentation_digest, result }).setIssuedAt();
receipt.setProtectedHeader({ alg: key.alg, kid: key.kid, typ: "claim-receipt+jws" });
console.log(await receipt.sign(await importJWK(key, key.alg)));
