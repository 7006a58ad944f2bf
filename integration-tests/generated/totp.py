"""An app that shows codes (RFC 6238)."""

import base64
import hmac
import struct
import time


def shows(secret: str, steps: int = 0) -> str:
    """The code of this secret in base 32, so many steps from now."""
    step = int(time.time()) // 30 + steps
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    begin = digest[-1] & 15
    number = struct.unpack(">I", digest[begin : begin + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
