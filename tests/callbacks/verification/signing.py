"""Keys and helpers with which tests sign callbacks. They share no code with the checks."""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Final

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from nacl.signing import SigningKey

from callbacks.verification.received import NOW
from ninefold.systems.callbacks.verification import ReceivedRequest, Rejected, Secret, Verified, find_provider, verify

SECONDS: Final = str(int(NOW.timestamp()))
MILLISECONDS: Final = f"{SECONDS}000"
TEXT_SECRET: Final = "0a7f2b6e-secret"
STANDARD_SECRET: Final = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ED25519_KEY: Final = SigningKey(bytes(range(32)))
ECDSA_KEY: Final = ec.derive_private_key(123_456_789, ec.SECP256R1())
ES256_KEY: Final = ec.derive_private_key(987_654_321, ec.SECP256R1())
JWKS: Final = json.dumps(
    {"keys": [{**jwt.algorithms.ECAlgorithm.to_jwk(ES256_KEY.public_key(), as_dict=True), "kid": "k1"}]}
)


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine callback, and what its source is configured with."""

    provider: str
    request: ReceivedRequest
    secret: str | None
    options: Mapping[str, str] = msgspec.field(default_factory=dict)
    event_id: str | None = None
    event_type: str | None = None
    proof_header: str
    """The header without which the callback proves nothing."""
    covers_body: bool = True
    age_is_signed: bool = False
    label: str = ""

    @property
    def secrets(self) -> list[Secret]:
        return [] if self.secret is None else [Secret(self.secret)]

    def verify(
        self,
        *,
        request: ReceivedRequest | None = None,
        secrets: Sequence[Secret] | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Verified | Rejected:
        return verify(
            find_provider(self.provider),
            request or self.request,
            self.secrets if secrets is None else secrets,
            options=self.options if options is None else options,
        )


def hmac_hex(content: bytes, key: str = TEXT_SECRET, algorithm: str = "sha256") -> str:
    return hmac.new(key.encode(), content, algorithm).hexdigest()


def hmac_base64(content: bytes, key: str = TEXT_SECRET, algorithm: str = "sha256") -> str:
    return base64.b64encode(hmac.new(key.encode(), content, algorithm).digest()).decode()


def to_json(**document: object) -> bytes:
    return json.dumps(document).encode()
