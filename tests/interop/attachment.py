"""Opens and checks an attachment: python attachment.py KEY.jwk OPENED.json ATTACHMENT.jose ID; its bytes on standard output"""
import base64, hashlib, json, sys
from jwcrypto import jwe, jwk

key, opened = (json.load(open(name)) for name in sys.argv[1:3])  # OPENED.json is what open.py printed
text, wanted = open(sys.argv[3]).read(), sys.argv[4]

def unless(holds, code):
    holds or sys.exit(f"refused: {code}")

named = next((file for one in opened["evidence"] for file in one["attachments"] if file["id"] == wanted), None)
unless(named, "attachment.unknown")
unless(len(text) <= (20 << 20) // 3 * 4 + 8192, "attachment.too_large")
token = jwe.JWE.from_jose_token(text)
token.allowed_algs = [key["alg"], "A256GCM"]  # the key decides, never the header
header = json.loads(token.objects["protected"])
expected = {"alg": key["alg"], "enc": "A256GCM", "typ": "claim-packet+jwe", "cty": "claim-packet-attachment", "kid": key["kid"]}
unless({**header, "epk": 0} == {**expected, "epk": 0} and ("epk" in header) == (key["kty"] != "RSA"), "attachment.header")
token.decrypt(jwk.JWK(**key))
digest = base64.urlsafe_b64encode(hashlib.sha256(token.payload).digest()).decode().rstrip("=")
unless(len(token.payload) == named["bytes"], "attachment.size")
unless(digest == named["digest"], "attachment.digest")
sys.stdout.buffer.write(token.payload)
