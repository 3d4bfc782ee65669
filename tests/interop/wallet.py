"""Issues and presents an SD-JWT VC, and judges others: python wallet.py NONCE AUDIENCE, on standard input {"vct", "claims",
"show"} to present, or {"judge": [texts], "key": jwk} to say of each text whether this library takes it"""
import json, sys, time
from jwcrypto import jwk
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

nonce, audience, asked = sys.argv[1], sys.argv[2], json.load(sys.stdin)

def marked(value):  # every member and every element is disclosed apart
    if isinstance(value, dict):
        return {SDObj(name): marked(inner) for name, inner in value.items()}
    return [SDObj(marked(inner)) for inner in value] if isinstance(value, list) else value

def taken(text):
    try:
        SDJWTVerifier(text, lambda issuer, header: jwk.JWK(**asked["key"]), audience, nonce)
        return True
    except Exception:
        return False

if "judge" in asked:
    print(json.dumps([taken(text) for text in asked["judge"]]))
    sys.exit()
issuer, holder = (jwk.JWK.generate(kty="EC", crv="P-256", kid=name) for name in ("key-1", "holder"))
now = int(time.time())
clear = {"iss": "https://dmv.example", "iat": now, "exp": now + 600, "vct": asked["vct"]}
header = {"typ": "dc+sd-jwt", "kid": "key-1"}
issued = SDJWTIssuer({**clear, **marked(asked["claims"])}, issuer, holder, add_decoy_claims=True, extra_header_parameters=header)
presentation = SDJWTHolder(issued.sd_jwt_issuance)
presentation.create_presentation(asked["show"], nonce, audience, holder)
print(json.dumps({"key": issuer.export_public(as_dict=True), "now": now, "text": presentation.sd_jwt_presentation}))
