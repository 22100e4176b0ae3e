"""Organisations, credentials, and the principal on whose behalf something acts."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

CredentialState: TypeAlias = Literal["active", "expired", "revoked"]

FULL_ACCESS: Final = frozenset({"*"})
"""The scopes of who may do everything in the organisation. Without scopes, nothing is allowed."""


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """Whom everything belongs to."""

    organisation_id: UUID
    name: str
    created_at: datetime


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a credential after its text was shown once."""

    credential_id: UUID
    kind: str
    """The name of its `CredentialKind`."""
    prefix: str
    """The part of its text that people may see."""
    organisation_id: UUID
    account_id: UUID | None
    """The person it belongs to; None for an organisation's own credential."""
    scopes: frozenset[str]
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool
    """By the database's clock, when this was read."""

    @property
    def state(self) -> CredentialState:
        """Return `revoked` for what was revoked, whether it has expired since or not."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.is_expired else "active"


class CreatedCredential(Credential, frozen=True, kw_only=True):
    """A new credential, the only time that its text exists here."""

    text: str

    def __repr__(self) -> str:
        return f"CreatedCredential(prefix={self.prefix!r}, credential_id={self.credential_id!r})"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a request, a feed or a job acts: what routes and services get, whatever proved it."""

    organisation_id: UUID
    account_id: UUID | None = None
    """The person, where the credential belongs to one; None for an organisation's own credential."""
    scopes: frozenset[str] = frozenset()
    """What the principal may do; `FULL_ACCESS` is everything."""
    credential_id: UUID
