"""Opens and verifies a packet: python open.py KEY.jwk claim-packet-keys.json PACKET.jose PARTY"""
import base64, hashlib, json, sys, time
from jwcrypto import jwe, jwk
from sd_jwt.verifier import SDJWTVerifier

key, trust = (json.load(open(name)) for name in sys.argv[1:3])
text, me = open(sys.argv[3]).read(), sys.argv[4]

def unless(holds, code):
    holds or sys.exit(f"refused: {code}")
def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
def sha256(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")

token = jwe.JWE.from_jose_token(text)
token.allowed_algs = [key["alg"], "A256GCM"]  # the key decides, never the header
header = json.loads(token.objects["protected"])
expected = {"alg": key["alg"], "enc": "A256GCM", "typ": "claim-packet+jwe", "cty": "claim-packet+sd-jwt", "kid": key["kid"]}
unless({**header, "epk": 0} == {**expected, "epk": 0} and ("epk" in header) == (key["kty"] != "RSA"), "packet.header")
token.decrypt(jwk.JWK(**key))
presentation = token.payload.decode()
manifest, disclosures = decoded(presentation.split(".")[1]), presentation.split("~")[1:-1]

def signer(issuer, header):
    found = next((one for one in trust["keys"] if one["kid"] == header.get("kid")), None)
    unless(issuer == trust["issuer"] and found, "packet.unknown_key")
    unless(header == {"alg": found["alg"], "kid": header["kid"], "typ": "claim-packet+sd-jwt"}, "packet.header")
    ends = min(found.get("exp", 1e12), found.get("revoked_at", 1e12))
    unless(max(manifest["iat"], time.time()) < ends and found.get("nbf", 0) <= manifest["iat"], "packet.key")
    return jwk.JWK(**found)

unless(presentation.endswith("~") and manifest["ver"] == 1 and manifest["iat"] < time.time() + 60, "packet.version")
packet = SDJWTVerifier(presentation, signer).get_verified_payload()
unless(len(packet["recipients"]) == 1 and packet["recipients"][0]["aud"] == me, "packet.not_addressed")
granted = sorted(sha256(one) for one in disclosures if decoded(one)[1:] != packet["recipients"])
unless(granted == packet["recipients"][0]["grants"], "packet.incomplete")
evidence = [{"id": name, **value} for name, value in sorted(packet["evidence"].items())]
output = {"packet_id": packet["jti"], "claim": packet["claim"], "recipient": packet["recipients"][0]}
print(json.dumps({**output, "evidence": evidence, "presentation_digest": sha256(presentation)}))
