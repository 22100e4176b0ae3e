"""How a provider proves that a callback is genuine, as data: what the files in `data/` contain."""

from typing import Annotated, Literal

import msgspec

TOLERANCE_S_MAX = 86_400

Algorithm = Literal["hmac-sha1", "hmac-sha256", "hmac-sha512", "ed25519", "ecdsa-p256-sha256"]
Encoding = Literal["hex", "base64"]
TimeUnit = Literal["s", "ms", "iso8601"]
HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$")]
ToleranceS = Annotated[int, msgspec.Meta(ge=1, le=TOLERANCE_S_MAX)]


class SecretFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the text of a secret becomes a key."""

    encoding: Literal["text", "hex", "base64"] = "text"
    prefix: str = ""
    """Removed before decoding: `whsec_`."""
    starts_with: str = ""
    """How each secret of the provider begins. It is checked when a source is configured, and not when it verifies."""
    is_prefix_required: bool = False
    """The scheme takes only secrets with the prefix, and no other scheme of the provider takes them."""


class TimestampRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the time of sending is, and how far it may be from the time of receipt. It has exactly one place."""

    header: HeaderName | None = None
    signature_item: str | None = None
    """The prefix of an item in the signature's header: `t=`."""
    json: str | None = None
    """A dotted path in the body, which is read after the signature was verified."""
    unit: TimeUnit = "s"
    tolerance_s: ToleranceS

    def __post_init__(self) -> None:
        """Check that there is one place."""
        if [self.header, self.signature_item, self.json].count(None) != 2:  # noqa: PLR2004 - two of the three.
            raise ValueError("a timestamp has one place: header, signature_item or json")


class Scheme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """What all schemes have."""

    secret: SecretFormat = SecretFormat()
    event_id: tuple[str, ...] = ()
    """Templates for the id, instead of the provider's: those that this scheme signs."""


class SignatureScheme(Scheme, frozen=True, kw_only=True, tag="signature"):
    """A signature in a header: an HMAC with a shared secret, or one that a public key verifies."""

    headers: tuple[HeaderName, ...]
    """The first of these that a request has is used."""
    algorithm: Algorithm
    encoding: Encoding
    signed_content: str = "{body}"
    """A template."""
    separator: str = ""
    """Separates the items of the header. Each item with the prefix is a signature, and one that matches is enough."""
    prefix: str = ""
    timestamp: TimestampRule | None = None
    needs_json_object: bool = False
    """The body must be a JSON object. Needed if the provider makes us sign other texts with the same key."""


class TokenScheme(Scheme, frozen=True, kw_only=True, tag="token"):
    """The secret itself in a header."""

    header: HeaderName
    prefix: str = ""


class ConfiguredHmacScheme(Scheme, frozen=True, kw_only=True, tag="configured_hmac"):
    """A signature scheme that the options of the source describe."""


class ApiKeyScheme(Scheme, frozen=True, kw_only=True, tag="api_key"):
    """The secret itself in a header or query parameter that the options of the source name."""


class BasicScheme(Scheme, frozen=True, kw_only=True, tag="basic"):
    """HTTP Basic authentication (RFC 7617). The user name is an option, and the secret is the password."""


class JwtScheme(Scheme, frozen=True, kw_only=True, tag="jwt"):
    """A JSON Web Token, signed with a key of the JWKS document in the options."""


class TwilioScheme(Scheme, frozen=True, kw_only=True, tag="twilio"):
    """Twilio's signature of the URL and the sorted fields of a form, or of a digest of the body in the URL."""


AnyScheme = SignatureScheme | TokenScheme | ConfiguredHmacScheme | ApiKeyScheme | BasicScheme | JwtScheme | TwilioScheme
