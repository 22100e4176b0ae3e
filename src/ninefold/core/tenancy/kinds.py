"""Kinds of credentials: the format of their text, and their errors.

An API key, a session cookie and the token of another protocol are all rows of `tenancy.credential`. They differ in how
their text is generated and recognised, which a `CredentialKind` defines. The kind of API keys is in `api_keys`; a
system lists its own kinds in its wiring. Where a request has its credential depends on the protocol, not on the kind.
"""

import hashlib
import re
import secrets
import string
from collections.abc import Callable
from typing import Final

import msgspec

from ninefold.core.tenancy.errors import (
    CredentialExpiredError,
    CredentialInvalidError,
    CredentialMissingError,
    CredentialRevokedError,
)

SECRET_LENGTH: Final = 43
"""43 characters from an alphabet of 62 have 256.03 bits."""

PUBLIC_LENGTH: Final = 8
"""Characters of the public part, after the marker."""

_ALPHABET: Final = string.ascii_letters + string.digits


class CredentialErrors(msgspec.Struct, frozen=True, kw_only=True):
    """The errors for credentials of one kind, if its clients expect specific error codes."""

    missing: type[CredentialMissingError] = CredentialMissingError
    invalid: type[CredentialInvalidError] = CredentialInvalidError
    revoked: type[CredentialRevokedError] = CredentialRevokedError
    expired: type[CredentialExpiredError] = CredentialExpiredError


class CredentialKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of credential. Two kinds never have the same name or id prefix, or recognise each other's texts."""

    name: str
    """The kind in `tenancy.credential`, such as `api_key`; it must never change."""
    label: str
    """The name in error messages, such as "API key"."""
    id_prefix: str
    """The prefix of its ids, such as `key` for `key_…`."""
    new_text: Callable[[], str]
    """Generates the text of a new credential: with at least 128 random bits, unless it is public."""
    pattern: re.Pattern[str]
    """Matches the complete texts of this kind and no others. Its group `prefix` is the public part."""
    remedy: str
    """What to do without a valid credential."""
    errors: CredentialErrors = CredentialErrors()
    is_personal: bool = False
    """Whether it acts for a member of an organisation, so that it allows no more than the role of the member."""
    is_for_api: bool = False
    """Whether Ninefold's own API and the live feeds accept it too. There it is allowed what names one of its scopes."""

    def prefix_of(self, text: str) -> str | None:
        """Return the public part of a text, such as `nfk_AbC123xy`; None if the text isn't of this kind."""
        match = self.pattern.fullmatch(text)
        return None if match is None else match["prefix"]

    def new_credential(self) -> tuple[str, str]:
        """Return the text of a new credential, and its public part."""
        text = self.new_text()
        prefix = self.prefix_of(text)
        assert prefix is not None, f"{self.name} doesn't recognise its own text"
        return text, prefix


def marked_kind(
    marker: str,
    *,
    name: str,
    label: str,
    id_prefix: str,
    remedy: str,
    errors: CredentialErrors = CredentialErrors(),  # noqa: B008  # it is frozen.
    is_personal: bool = False,
    is_for_api: bool = False,
) -> CredentialKind:
    """Return a kind whose texts are `nfk_AbC123xy_…`: a marker, a public part, and a secret of 256 random bits.

    Secret scanners recognise the marker, and the public part tells credentials apart in lists and logs.
    """
    return CredentialKind(
        name=name,
        label=label,
        id_prefix=id_prefix,
        new_text=lambda: f"{marker}_{random_text(PUBLIC_LENGTH)}_{random_text()}",
        pattern=re.compile(rf"(?P<prefix>{marker}_[A-Za-z0-9]{{{PUBLIC_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}}"),
        remedy=remedy,
        errors=errors,
        is_personal=is_personal,
        is_for_api=is_for_api,
    )


def random_text(length: int = SECRET_LENGTH) -> str:
    """Return random ASCII letters and digits, with 5.95 bits per character."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digest_text(text: str) -> bytes:
    """Return the SHA-256 digest of a credential's text, by which it is looked up: 32 bytes."""
    return hashlib.sha256(text.encode()).digest()
