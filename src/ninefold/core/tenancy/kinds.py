"""Kinds of credentials: what the text of each looks like, and which errors refuse it.

An API key, a session's cookie and a foreign protocol's token are all rows of `tenancy.credential`. They differ in how
their text is made and recognised, and that is what a `CredentialKind` says. Core's own kind is in `api_keys`; a system
lists its kinds in its wiring. Not here: where in a request a credential stands, which the protocol decides.
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
"""43 characters of 62 carry 256.03 bits."""

_ALPHABET: Final = string.ascii_letters + string.digits


class CredentialErrors(msgspec.Struct, frozen=True, kw_only=True):
    """The errors that refuse a credential of one kind, for a kind whose clients know codes of its own."""

    missing: type[CredentialMissingError] = CredentialMissingError
    invalid: type[CredentialInvalidError] = CredentialInvalidError
    revoked: type[CredentialRevokedError] = CredentialRevokedError
    expired: type[CredentialExpiredError] = CredentialExpiredError


class CredentialKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of credential. No two kinds share a name or an id prefix, or recognise each other's texts."""

    name: str
    """What `tenancy.credential` calls it, such as `api_key`; it never changes."""
    label: str
    """What errors call it, such as "API key"."""
    id_prefix: str
    """What its ids begin with, such as `key` for `key_…`."""
    new_text: Callable[[], str]
    """Makes the text of a new one: at least 128 random bits, unless anybody may know it."""
    form: re.Pattern[str]
    """Matches the whole text of one and nothing else. Its group `prefix` is the part that people may see."""
    remedy: str
    """What to do without a valid one."""
    errors: CredentialErrors = CredentialErrors()

    def prefix_of(self, text: str) -> str | None:
        """Return the part of a text that people may see, such as `nfk_AbC123xy`; None if it isn't of this kind."""
        match = self.form.fullmatch(text)
        return None if match is None else match["prefix"]


def random_text(length: int = SECRET_LENGTH) -> str:
    """Return random letters and digits of ASCII, each of which carries 5.95 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def digest_text(text: str) -> bytes:
    """Return the SHA-256 of a credential's text: the 32 bytes by which it is found again."""
    return hashlib.sha256(text.encode()).digest()
