"""Secrets and variables of organisations and repositories."""

from datetime import datetime
from uuid import UUID

import msgspec


class Secret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, without its value."""

    secret_id: UUID
    name: str
    created_at: datetime
    updated_at: datetime


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret with its sealed value."""

    secret_id: UUID
    name: str
    sealed: bytes

    def __repr__(self) -> str:
        return f"SealedSecret(name={self.name!r})"


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the context `vars`."""

    name: str
    value: str
    created_at: datetime
    updated_at: datetime
