"""The data types of verification: what came, what a source is configured with, and what the check found."""

from datetime import datetime
from typing import Final, Literal

import msgspec

HEADER_LENGTH_MAX: Final = 8_192
"""Bytes of a header value that a check reads. Longer ones are refused."""


class ReceivedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request exactly as it was received."""

    method: str
    url: str
    """The public URL, with its query: `https://hooks.example.com/in/src_1?a=1`."""
    path: str
    query: str
    """The query as received, without `?`."""
    headers: tuple[tuple[bytes, bytes], ...]
    """As received: order, case and duplicates are kept."""
    body: bytes
    received_at: datetime
    """Aware UTC. Timestamps in signatures are compared with it, so a later check comes to the same result."""

    def header_values(self, name: str) -> list[bytes]:
        """Return all values of a header, in order. Names are compared without case."""
        wanted = name.lower().encode("utf-8", "surrogatepass")
        return [value for header, value in self.headers if header.lower() == wanted]


class Secret(msgspec.Struct, frozen=True):
    """A secret or public key of a source, as the user copied it from the provider."""

    text: str

    def __repr__(self) -> str:
        return "Secret(…)"


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A genuine callback."""

    event_id: str | None
    """The provider's id, which is the same if the provider sends the callback again. None: it sends no id."""
    event_type: str | None
    """The type in the provider's own words: `charge.succeeded`, `orders/create`, `Push Hook`."""
    secret_index: int | None
    """Which of the secrets verified it, so that an old one can be removed when it is no longer used."""
    is_id_proven: bool
    """Whether the id is as genuine as the callback. If not, somebody could have sent it again with another id."""


ReasonCode = Literal[
    "no_secret",
    "secret_malformed",
    "option_malformed",
    "header_missing",
    "credential_missing",
    "header_repeated",
    "header_malformed",
    "credential_mismatch",
    "signature_mismatch",
    "body_malformed",
    "timestamp_malformed",
    "timestamp_too_old",
    "timestamp_in_future",
    "claim_mismatch",
]
"""Which check failed, in the order in which a request comes to them."""


class Rejected(msgspec.Struct, frozen=True):
    """A callback that isn't proven to be genuine, with the check that failed."""

    reason: ReasonCode
    detail: str
    """One sentence for the user: which check failed, and what was expected. It never has a secret or a signature."""


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """The response that a provider expects at once, while the request is still open."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    is_refusal: bool = False
    """The request failed verification, and the provider must see that. It stays a callback, for quarantine.

    If false, the request only tests the URL, and isn't a callback.
    """
