"""Judges SD-JWT VC presentations: python polaris.py NONCE AUDIENCE, on standard input {"judge": [texts], "key": jwk}, says of each
text whether this verifier takes it"""
import json, sys
from polaris_oid4vp.sdjwt import verify_presentation

nonce, audience, asked = sys.argv[1], sys.argv[2], json.load(sys.stdin)
judged = lambda text: verify_presentation(text, expected_nonce=nonce, expected_audience=audience, issuer_jwks=[asked["key"]])
print(json.dumps([judged(text).authentic for text in asked["judge"]]))
