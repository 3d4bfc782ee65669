"""Signs a receipt: python receipt.py KEY.jwk DELIVERY PACKET LINE PRESENTATION_DIGEST accepted|rejected"""
import json, sys, time
from jwcrypto import jwk, jws

key = json.load(open(sys.argv[1]))
names = ("delivery_id", "packet_id", "line", "presentation_digest", "result")
payload = {**dict(zip(names, sys.argv[2:7])), "iat": int(time.time())}
token = jws.JWS(json.dumps(payload))
header = {"alg": key["alg"], "kid": key["kid"], "typ": "claim-receipt+jws"}
token.add_signature(jwk.JWK(**key), alg=key["alg"], protected=json.dumps(header))
print(token.serialize(compact=True))
