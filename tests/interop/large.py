"""Opens and checks an attachment in segments: python large.py KEY.jwk OPENED.json KEY.jose CONTENT ID; its bytes on standard output"""
import base64, hashlib, json, struct, sys
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from jwcrypto import jwe, jwk

key, opened = (json.load(open(name)) for name in sys.argv[1:3])  # OPENED.json is what open.py printed
text, content, wanted = open(sys.argv[3]).read(), open(sys.argv[4], "rb"), sys.argv[5]

def unless(holds, code):
    holds or sys.exit(f"refused: {code}")

bytes_of = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
sha256 = lambda *parts: hashlib.sha256(b"".join(parts)).digest()

named = next((file for one in opened["evidence"] for file in one["attachments"] if file["id"] == wanted), None)
unless(named, "attachment.unknown")
token = jwe.JWE.from_jose_token(text)
token.allowed_algs = [key["alg"], "A256GCM"]  # the key decides, never the header
header = json.loads(token.objects["protected"])
expected = {"alg": key["alg"], "enc": "A256GCM", "typ": "claim-packet+jwe", "cty": "claim-attachment-key+json", "kid": key["kid"]}
unless({**header, "epk": 0} == {**expected, "epk": 0} and ("epk" in header) == (key["kty"] != "RSA"), "attachment.header")
token.decrypt(jwk.JWK(**key))
file = json.loads(token.payload)
unless(file["id"] == wanted and file["bytes"] == named["bytes"], "attachment.size")
unless(file["digest"] == named["digest"], "attachment.digest")
size, leaves = file["segment_bytes"], [bytes_of(leaf) for leaf in file["leaves"]]
count = -(-file["bytes"] // size)
unless(len(leaves) == count, "attachment.size")
level = leaves
while len(level) > 1:
    level = [sha256(b"\1", *pair) if len(pair) == 2 else pair[0] for pair in (level[at : at + 2] for at in range(0, len(level), 2))]
unless(level[0] == bytes_of(file["root"]), "attachment.digest")
cipher, whole = AESGCM(bytes_of(file["key"])), hashlib.sha256()
for number in range(count):
    sealed = content.read(size + 28)
    try:
        plain = cipher.decrypt(sealed[:12], sealed[12:], struct.pack(">IB", number, number == count - 1))
    except (InvalidTag, ValueError):
        unless(False, "attachment.decrypt")
    unless(sha256(b"\0", plain) == leaves[number], "attachment.digest")
    whole.update(plain)
    sys.stdout.buffer.write(plain)
unless(not content.read(1), "attachment.size")
unless(whole.digest() == bytes_of(named["digest"]), "attachment.digest")
