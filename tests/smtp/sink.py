"""An SMTP server that writes each mail as a line of JSON: PORT BUSY [CERTIFICATE KEY USER PASSWORD].

BUSY times it answers 451 first. With a certificate it takes nothing before STARTTLS and a login.
"""
import email
import email.policy
import json
import ssl
import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Sink:
    def __init__(self, busy):
        self.busy = busy

    async def handle_DATA(self, server, session, envelope):
        if self.busy > 0:
            self.busy -= 1
            print(json.dumps({"busy": True}), flush=True)
            return "451 4.3.0 come again"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
            "login": bool(session.authenticated), "subject": mail["subject"], "id": mail["message-id"],
            "text": mail.get_content(),
        }), flush=True)
        return "250 OK"


port, busy, *secure = sys.argv[1:]
more = {}
if secure:
    certificate, key, user, password = secure
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def login(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()))

    more = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": login}
Controller(Sink(int(busy)), hostname="127.0.0.1", port=int(port), **more).start()
print(json.dumps({"ready": True}), flush=True)
threading.Event().wait()
