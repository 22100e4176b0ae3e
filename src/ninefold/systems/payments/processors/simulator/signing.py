"""How the simulated processor signs its webhooks: with a secret that both sides know, because it moves no money."""

import hashlib
import hmac
from typing import Final

SIGNATURE_HEADER: Final = "simulator-signature"
_SECRET: Final = b"the simulated processor moves no money"


def sign(body: bytes) -> str:
    """Return the signature of a body."""
    return hmac.new(_SECRET, body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str) -> bool:
    """Return whether the simulated processor has signed a body."""
    return hmac.compare_digest(sign(body), signature)
