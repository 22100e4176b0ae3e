"""Keys and algorithms: turn secrets into keys, and compare signatures in constant time."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

import msgspec

from ninefold.systems.callbacks.verification.model import Secret
from ninefold.systems.callbacks.verification.schemes import Algorithm, Encoding, SecretFormat

_HASHES: Final = {"hmac-sha1": "sha1", "hmac-sha256": "sha256", "hmac-sha512": "sha512"}


class MalformedSecretError(ValueError):
    """A secret can't be a key of this scheme. The message says which form a secret has, and not what it is."""


class HmacKey(msgspec.Struct, frozen=True):
    """A shared secret."""

    key: bytes
    hash_name: str

    def __repr__(self) -> str:
        return "HmacKey(…)"


Key = HmacKey


def decode(text: bytes, encoding: Encoding) -> bytes | None:
    """Return the decoded bytes, or None if the text isn't in this encoding."""
    try:
        return binascii.unhexlify(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except ValueError:
        return None


def read_key(secret: Secret, secret_format: SecretFormat, algorithm: Algorithm) -> Key:
    """Return the key of a secret.

    Raises:
        MalformedSecretError: the secret is empty, or no key of this algorithm.
    """
    text = secret.text.strip().removeprefix(secret_format.prefix).encode("utf-8", "surrogatepass")
    key = text if secret_format.encoding == "text" else decode(text, secret_format.encoding)
    if not key:
        raise MalformedSecretError(f"A secret is {_describe(secret_format)}.")
    return HmacKey(key, _HASHES[algorithm])


def matches_any(key: Key, content: bytes, signatures: Sequence[bytes]) -> bool:
    """Return whether any of these signatures is one of the content with this key."""
    expected = hmac.digest(key.key, content, key.hash_name)
    return any(hmac.compare_digest(expected, signature) for signature in signatures)


def _describe(secret_format: SecretFormat) -> str:
    form = {"text": "any text that isn't empty", "hex": "hexadecimal", "base64": "base64"}[secret_format.encoding]
    return f"{form}, after {secret_format.prefix}" if secret_format.prefix else form
