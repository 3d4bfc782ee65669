"""Makes a recipient's two keys: python keys.py FOLDER PARTY [P-256 | X25519 | RSA]"""
import json, sys, time
from jwcrypto import jwk

folder, party, kind = sys.argv[1:4]
shape = {"kty": "RSA", "size": 3072} if kind == "RSA" else {"kty": "OKP" if kind == "X25519" else "EC", "crv": kind}
wrap = "RSA-OAEP-256" if kind == "RSA" else "ECDH-ES+A256KW"
public = []
for name, alg, made in [("sig", "ES256", {"kty": "EC", "crv": "P-256"}), ("enc", wrap, shape)]:
    key = jwk.JWK.generate(**made, alg=alg, use=name, kid=f"{party}-{name}-{int(time.time())}")
    json.dump(json.loads(key.export()), open(f"{folder}/{party}.{name}.json", "w"))
    public.append(key.export_public(as_dict=True))
json.dump({"keys": public}, open(f"{folder}/{party}.jwks.json", "w"))
