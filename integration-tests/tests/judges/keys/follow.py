"""Says of each token on standard input whether PyJWT takes it, with the keys at this URL and PyJWT's own caches."""

import sys

import jwt

keys = jwt.PyJWKClient(sys.argv[1])
for line in sys.stdin:
    token = line.strip()
    try:
        key = keys.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["EdDSA"], audience="sir0", issuer="sir0")
        verdict = "good" if claims["sid"] else "no session"
    except jwt.PyJWTError as refusal:
        verdict = f"{type(refusal).__name__}: {refusal}".replace("\n", " ")
    print(verdict, flush=True)
