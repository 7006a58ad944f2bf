"""Says of each token on standard input whether Authlib takes it as an access token of RFC 9068.

A line holds the audience, the scope that is asked for or a dash, and the token. The answer is what the token says, or
why it is refused, as JSON.
"""

import json
import sys
import urllib.request

from authlib.oauth2 import ResourceProtector
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# RFC 9864 names the algorithm `Ed25519` from 2025 on, and joserfc takes the older name, `EdDSA`, only from those who
# ask for it. Nothing else is taken then.
JWSRegistry.recommended[:] = ["EdDSA"]


class Validator(JWTBearerTokenValidator):
    """Authlib's own, with the keys that the server publishes."""

    def get_jwks(self):
        with urllib.request.urlopen(sys.argv[1]) as published:
            return KeySet.import_key_set(json.load(published))


class Request:
    """A request with this token."""

    def __init__(self, token):
        self.headers = {"Authorization": f"Bearer {token}"}


for line in sys.stdin:
    audience, scope, token = line.rstrip("\n").split(" ", 2)
    protector = ResourceProtector()
    protector.register_token_validator(Validator(issuer="sir0", resource_server=audience))
    try:
        scopes = None if scope == "-" else [scope]
        verdict = {"claims": protector.validate_request(scopes, Request(token))}
    except OAuth2Error as refusal:
        cause = refusal.__cause__ or refusal
        verdict = {"refused": type(cause).__name__, "about": str(cause)}
    print(json.dumps(verdict), flush=True)
