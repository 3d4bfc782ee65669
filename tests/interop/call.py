"""Signs a request, sends it, believes the answer only with its signature:
python call.py KEY.jwk AUTHORIZATION PACKET_KEYS.json ADDRESS < BODY.json"""
import datetime, json, secrets, sys, types, urllib.request
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, MappingKeyResolver, algorithms
from jwcrypto import jwk

key_file, authorization, trust_file, address = sys.argv[1:5]
key, body = json.load(open(key_file)), sys.stdin.buffer.read()
by_name = {"ES256": algorithms.ECDSA_P256_SHA256, "ES384": algorithms.ECDSA_P384_SHA384, "EdDSA": algorithms.ED25519}

# The request: every part that says what is asked, and the token it is asked with.
own = MappingKeyResolver(public_keys={}, private_keys={key["kid"]: jwk.JWK(**key).export_to_pem(True, None)})
headers = {"Authorization": authorization, "Content-Type": "application/json"}
request = types.SimpleNamespace(method="POST", url=address, headers=headers)
HTTPMessageSigner(signature_algorithm=by_name[key["alg"]], key_resolver=own).sign(
    request, key_id=key["kid"], nonce=secrets.token_urlsafe(16), label="sig", body=body,
    covered_component_ids=("@method", "@target-uri", "content-digest", "content-type", "authorization"))

sent = urllib.request.Request(address, body, request.headers, method="POST")
try:
    with urllib.request.urlopen(sent, timeout=60) as got:
        answer = types.SimpleNamespace(status_code=got.status, headers=dict(got.headers), request=request)
        told = got.read()
except urllib.error.HTTPError as refused:
    sys.exit(refused.read().decode())

# The answer: by a key of GATE/.well-known/claim-packet-keys, for this very request.
published = {one["kid"]: jwk.JWK(**one).export_to_pem() for one in json.load(open(trust_file))["keys"]}
theirs = MappingKeyResolver(public_keys=published, private_keys={})
HTTPMessageVerifier(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=theirs).verify(
    answer, body=told, expect_tag="claimgate-answer", max_age=datetime.timedelta(minutes=5),
    require_components=("@status", "content-digest", "content-type",
                        '"@method";req', '"@target-uri";req', '"signature";req'))
# Keep request.headers, body, answer.headers and told together: they prove later what was confirmed.
print(told.decode())
