"""Keys and algorithms: turn secrets into keys, and compare signatures in constant time."""

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ninefold.systems.callbacks.verification.model import Secret
from ninefold.systems.callbacks.verification.schemes import Algorithm, Encoding, SecretFormat

_HASHES: Final = {"hmac-sha1": "sha1", "hmac-sha256": "sha256", "hmac-sha512": "sha512"}


class MalformedSecretError(ValueError):
    """A secret can't be a key of this scheme. The message says which form a secret has, and not what it is."""


class Key(Protocol):
    """A shared secret or a public key."""

    def fits_any(self, signatures: Sequence[bytes], content: bytes) -> bool:
        """Return whether any of these signatures of the content was made with the key, or with its private part."""
        ...


class _HmacKey(msgspec.Struct, frozen=True):
    key: bytes
    hash_name: str

    def __repr__(self) -> str:
        return "_HmacKey(…)"

    def fits_any(self, signatures: Sequence[bytes], content: bytes) -> bool:
        expected = hmac.digest(self.key, content, self.hash_name)
        return any(hmac.compare_digest(expected, signature) for signature in signatures)


class _Ed25519Key(msgspec.Struct, frozen=True):
    key: Ed25519PublicKey

    def fits_any(self, signatures: Sequence[bytes], content: bytes) -> bool:
        return any(_is_valid(lambda signature: self.key.verify(signature, content), each) for each in signatures)


class _EcdsaKey(msgspec.Struct, frozen=True):
    key: EllipticCurvePublicKey

    def fits_any(self, signatures: Sequence[bytes], content: bytes) -> bool:
        algorithm = ECDSA(SHA256())
        return any(
            _is_valid(lambda signature: self.key.verify(signature, content, algorithm), each) for each in signatures
        )


def _is_valid(verify: Callable[[bytes], None], signature: bytes) -> bool:
    try:
        verify(signature)
    except InvalidSignature:
        return False
    return True


def encode_text(text: str) -> bytes:
    """Return a text in UTF-8. It never raises; characters that UTF-8 doesn't have become bytes that nobody signs."""
    return text.encode("utf-8", "surrogatepass")


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
    key = read_bytes(secret, secret_format)
    if algorithm in _HASHES:
        return _HmacKey(key, _HASHES[algorithm])
    try:
        return _Ed25519Key(Ed25519PublicKey.from_public_bytes(key)) if algorithm == "ed25519" else _read_ecdsa_key(key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise MalformedSecretError(f"A public key for {algorithm} is expected.") from error


def read_bytes(secret: Secret, secret_format: SecretFormat) -> bytes:
    """Return the decoded bytes of a secret.

    Raises:
        MalformedSecretError: the secret is empty, or in another encoding.
    """
    text = encode_text(secret.text.strip().removeprefix(secret_format.prefix))
    if secret_format.encoding == "base64":
        text += b"=" * (-len(text) % 4)  # some senders leave the padding out.
    key = text if secret_format.encoding == "text" else decode(text, secret_format.encoding)
    if not key:
        raise MalformedSecretError(f"A secret is {_describe(secret_format)}.")
    return key


def _read_ecdsa_key(key: bytes) -> Key:
    public_key = load_der_public_key(key)
    if not isinstance(public_key, EllipticCurvePublicKey) or not isinstance(public_key.curve, SECP256R1):
        raise MalformedSecretError("A public key on the curve P-256 is expected.")
    return _EcdsaKey(public_key)


def _describe(secret_format: SecretFormat) -> str:
    form = {"text": "any text that isn't empty", "hex": "hexadecimal", "base64": "base64"}[secret_format.encoding]
    return f"{form}, after {secret_format.prefix}" if secret_format.prefix else form
