"""Requests with an idempotency key, and their answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

KEY_LENGTH_MAX: Final = 255

KeyState: TypeAlias = Literal["in_flight", "done"]


class KeyedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request with a key."""

    merchant_id: UUID
    key: str
    request_hash: bytes
    method: str
    path: str
    parameters: Mapping[str, str]
    """A digest of each parameter, so that the ones that differ can be named."""
    request_id: str


class StoredRequest(KeyedRequest, frozen=True, kw_only=True):
    """A request with a key as it is stored: what it has made so far, and what it was answered."""

    state: KeyState
    claim_id: UUID | None
    intent_id: UUID | None
    attempt_id: UUID | None
    refund_id: UUID | None
    status: int | None
    body: bytes | None
    created_at: datetime
