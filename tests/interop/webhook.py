# Checks a webhook before it is believed: python webhook.py KEY HEADERS.json < BODY
# KEY is what the operator handed over: whsec_… (shared secret) or whpk_… (Ed25519 public key).
import base64
import json
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

key, headers_file = sys.argv[1:3]
headers = json.load(open(headers_file, encoding="utf-8"))
body = sys.stdin.buffer.read()  # the bytes as they came: JSON that was parsed and written again is other bytes

if key.startswith("whsec_"):
    # Every signature but v1 is passed over; the time may be five minutes off.
    Webhook(key).verify(body.decode(), headers)
else:
    moment = headers["webhook-timestamp"]
    assert abs(time.time() - int(moment)) <= 300, "stale"
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{moment}.".encode() + body
    signatures = [one[4:] for one in headers["webhook-signature"].split(" ") if one.startswith("v1a,")]

    def good(signature):
        try:
            public.verify(base64.b64decode(signature), signed)
            return True
        except Exception:
            return False

    assert any(map(good, signatures)), "not genuine"
# Now drop it if this webhook-id was seen before, store it, answer 2xx, and fetch the delivery afterwards.
print(json.loads(body)["data"]["delivery_id"])
