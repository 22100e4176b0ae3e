"""Organisations, credentials, and principals."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

CredentialState: TypeAlias = Literal["active", "expired", "revoked"]

FULL_ACCESS: Final = frozenset({"*"})
"""The scopes for full access to the organisation. Without scopes, nothing is allowed."""


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation; everything that is stored belongs to one."""

    organisation_id: UUID
    name: str
    created_at: datetime


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential without its text, which is only shown when it is created."""

    credential_id: UUID
    kind: str
    """The name of its `CredentialKind`."""
    prefix: str
    """The public part of its text."""
    organisation_id: UUID
    account_id: UUID | None
    """The account that it belongs to; None for a credential of the organisation itself."""
    scopes: frozenset[str]
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool
    """Whether it had expired when it was read, by the database's clock."""

    @property
    def state(self) -> CredentialState:
        """The state; a revoked credential stays `revoked` after it expires."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.is_expired else "active"


class CreatedCredential(Credential, frozen=True, kw_only=True):
    """A new credential with its text, which isn't stored anywhere."""

    text: str

    def __repr__(self) -> str:
        return f"CreatedCredential(prefix={self.prefix!r}, credential_id={self.credential_id!r})"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a request, a feed or a job acts, whatever kind of credential authenticated it."""

    organisation_id: UUID
    account_id: UUID | None = None
    """The account that the credential belongs to; None for a credential of the organisation itself."""
    scopes: frozenset[str] = frozenset()
    """What the principal is allowed to do; `FULL_ACCESS` is everything."""
    credential_id: UUID
