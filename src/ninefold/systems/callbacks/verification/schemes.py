"""How a provider proves that a callback is genuine, as data: what the files in `data/` contain."""

from typing import Literal

import msgspec

Algorithm = Literal["hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519", "ecdsa-p256-sha256"]
Encoding = Literal["hex", "base64"]


class SecretFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the text of a secret becomes a key."""

    encoding: Literal["text", "hex", "base64"] = "text"
    prefix: str = ""
    """Removed before decoding: `whsec_`."""
    is_prefix_required: bool = False
    """The scheme takes only secrets with the prefix, and no other scheme of the provider takes them."""


class TimestampRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the time of sending is, and how far it may be from the time of receipt. It has exactly one place."""

    header: str = ""
    signature_item: str = ""
    """The prefix of an item in the signature's header: `t=`."""
    json: str = ""
    """A dotted path in the body, which is read after the signature was verified."""
    unit: Literal["s", "ms", "iso8601"] = "s"
    tolerance_s: int


class SignatureScheme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="signature"):
    """A signature in a header: an HMAC with a shared secret, or one that a public key verifies."""

    headers: tuple[str, ...]
    """The first of these that a request has is used."""
    algorithm: Algorithm
    encoding: Encoding
    signed_content: str = "{body}"
    """A template."""
    separator: str = ""
    """Separates the items of the header. Each item with the prefix is a signature, and one that matches is enough."""
    prefix: str = ""
    secret: SecretFormat = SecretFormat()
    timestamp: TimestampRule | None = None
    decoded_url: bool = False
    """The provider signs the URL with some characters percent-decoded, as HubSpot describes."""


Scheme = SignatureScheme
