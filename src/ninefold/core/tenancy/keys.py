"""The text of an API key: how it is made, recognised and hashed.

`nfk_AbC123xy_…`: a mark that secret scanners find, a short public part that people may see in lists and
logs, and a secret of 256 random bits. Only the SHA-256 of the whole text is kept: against a secret of that
length guessing is hopeless, so a slow hash would protect nothing, and would cost each request tens of
milliseconds.
"""

import hashlib
import re
import secrets
import string
from typing import Final

_MARK: Final = "nfk"
_ALPHABET: Final = string.ascii_letters + string.digits
_PUBLIC_LENGTH: Final = 8
_SECRET_LENGTH: Final = 43
"""43 characters of 62 carry 256.03 bits."""

_FORM: Final = re.compile(rf"{_MARK}_[A-Za-z0-9]{{{_PUBLIC_LENGTH}}}_[A-Za-z0-9]{{{_SECRET_LENGTH}}}", re.ASCII)


def new_key_text() -> str:
    """Return the text of a new key."""
    return f"{_MARK}_{_random_text(_PUBLIC_LENGTH)}_{_random_text(_SECRET_LENGTH)}"


def is_key_text(text: str) -> bool:
    """Say whether a text has the form of a key; whether the key exists is another question."""
    return _FORM.fullmatch(text) is not None


def key_prefix(text: str) -> str:
    """Return the part of a key that people may see, such as `nfk_AbC123xy`."""
    return text.rpartition("_")[0]


def key_digest(text: str) -> bytes:
    """Return the 32 bytes by which a key is found again."""
    return hashlib.sha256(text.encode("ascii")).digest()


def _random_text(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
