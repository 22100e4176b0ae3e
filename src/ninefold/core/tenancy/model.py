"""Organisations, API keys, and the principal on whose behalf something acts."""

from datetime import datetime
from uuid import UUID

import msgspec


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """Whom everything belongs to."""

    organisation_id: UUID
    name: str
    created_at: datetime


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a key after it was shown once."""

    api_key_id: UUID
    organisation_id: UUID
    name: str
    prefix: str
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class CreatedApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key, the only time that its text exists here."""

    api_key: str
    api_key_id: UUID
    prefix: str
    organisation_id: UUID
    name: str
    created_at: datetime

    def __repr__(self) -> str:
        return f"CreatedApiKey(prefix={self.prefix!r}, api_key_id={self.api_key_id!r})"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a request, a feed or a job acts: what routes and services get, whatever proved it."""

    organisation_id: UUID
    account_id: UUID | None = None
    """The person, where the credential belongs to one; None for an organisation's own credential."""
    scopes: frozenset[str] = frozenset()
    credential_id: UUID
