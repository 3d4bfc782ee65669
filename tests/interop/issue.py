"""Signs and seals a packet: python issue.py GATEWAY.jwk ISSUER RECIPIENT_PUBLIC.jwk PARTY, evidence as JSON on standard input"""
import base64, hashlib, json, sys, time, uuid
from jwcrypto import jwe, jwk
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer

signer, recipient = (json.load(open(sys.argv[place])) for place in (1, 3))
issuer, party, evidence = sys.argv[2], sys.argv[4], json.load(sys.stdin)
salts = {}

class Issuer(SDJWTIssuer):  # salts by their order, so that the second pass makes the same disclosures as the first
    def _generate_salt(self):
        self.count = getattr(self, "count", 0) + 1
        return salts.setdefault(self.count, super()._generate_salt())

def packet(grants):
    element = {"aud": party, "party": party, "line": "health-reimbursement", "purpose": "claim-assessment",
               "revision": 1, "supersedes": None, "grants": grants}
    claims = {"iss": issuer, "iat": now, "jti": f"pkt_{identity}", "ver": 1, "claim": {"id": f"clm_{identity}", "kind": "health"},
              "evidence": {SDObj(name): value for name, value in evidence.items()}, "recipients": [SDObj(element)]}
    extra = {"typ": "claim-packet+sd-jwt", "kid": signer["kid"]}
    return Issuer(claims, jwk.JWK(**signer), sign_alg=signer["alg"], extra_header_parameters=extra)

now, identity = int(time.time()), uuid.uuid4()
documents = [one.b64 for one in packet([]).ii_disclosures[:-1]]
digests = [base64.urlsafe_b64encode(hashlib.sha256(one.encode()).digest()).decode().rstrip("=") for one in documents]
presentation = packet(sorted(digests)).sd_jwt_issuance
header = {"alg": recipient["alg"], "enc": "A256GCM", "typ": "claim-packet+jwe", "cty": "claim-packet+sd-jwt", "kid": recipient["kid"]}
token = jwe.JWE(presentation.encode(), json.dumps(header), recipient=jwk.JWK(**recipient), algs=[recipient["alg"], "A256GCM"])
print(token.serialize(compact=True))
