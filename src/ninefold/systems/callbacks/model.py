"""The data types of callbacks: immutable, without behaviour or I/O."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.jobs import JobKind

SOURCE_PREFIX: Final = "src"
CALLBACK_PREFIX: Final = "cbk"
EVENT_PREFIX: Final = "evt"
"""The prefix of the ids of webhook delivery's events, which verified callbacks become."""
SUBSCRIPTION_PREFIX: Final = "sub"
"""The prefix of the ids of webhook subscriptions, which forward callbacks."""

RECEIVED_CHANNEL: Final = "callbacks_received"
"""The notifier's channel for callbacks that wait to be verified."""

Header = tuple[bytes, bytes]
"""A header's name, in lower case, and its value."""


class CallbackStatus(StrEnum):
    """The status of a callback."""

    RECEIVED = "received"
    """It is committed, and will be verified."""
    VERIFIED = "verified"
    """The provider sent it, for the first time; it was passed on."""
    QUARANTINED = "quarantined"
    """Its verification failed; it isn't passed on."""
    DUPLICATE = "duplicate"
    """The provider sent it, but not for the first time; it isn't passed on."""
    HANDSHAKE = "handshake"
    """It was a question about the URL, which was answered at once."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a source answers to each callback."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: str = ""


class NewSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source to insert, or what a source is changed to."""

    source_id: UUID
    organisation_id: UUID
    provider: str
    name: str
    token: str
    """The part of its URL by which a source is found."""
    secrets: tuple[str, ...]
    options: Mapping[str, str]
    answer: Answer
    forward_url: str | None = None
    """Where verified callbacks are forwarded to; None if they become events."""
    forward_subscription_id: UUID | None = None
    """The webhook subscription that forwards them."""


class Source(NewSource, frozen=True, kw_only=True):
    """What an organisation receives callbacks from."""

    version: int
    created_at: datetime
    updated_at: datetime
    is_broken: bool = False
    """Its secrets and options can't be read, because its row was changed or their key was lost; it has none then."""


class NewCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A request to store, as it was received."""

    callback_id: UUID
    source_id: UUID
    status: CallbackStatus
    received_at: datetime
    peer: str
    method: str
    scheme: str
    path: bytes
    query: bytes
    headers: tuple[Header, ...]
    body: bytes


class WaitingCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback to verify."""

    callback_id: UUID
    organisation_id: UUID
    source_id: UUID
    received_at: datetime
    method: str
    scheme: str
    path: bytes
    query: bytes
    headers: tuple[Header, ...]
    body: bytes


class VerifiedCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback to pass on again."""

    callback: WaitingCallback
    event_type: str | None
    provider_event_id: str | None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a callback that was received."""

    callback_id: UUID
    status: CallbackStatus
    event_type: str | None = None
    provider_event_id: str | None = None
    reason: str | None = None
    detail: str | None = None
    duplicate_of: UUID | None = None
    event_id: UUID | None = None


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """A callback, without its headers and its body."""

    callback_id: UUID
    organisation_id: UUID
    source_id: UUID
    provider: str
    status: CallbackStatus
    received_at: datetime
    judged_at: datetime | None
    peer: str
    method: str
    path: bytes
    query: bytes
    body_bytes: int
    event_type: str | None
    provider_event_id: str | None
    reason: str | None
    detail: str | None
    duplicate_of: UUID | None
    event_id: UUID | None
    replay_count: int


class CallbackContent(msgspec.Struct, frozen=True, kw_only=True):
    """The headers and the body of a callback, as they were received."""

    headers: tuple[Header, ...]
    body: bytes


class CallbackFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which callbacks of an organisation are meant; None means any."""

    source_id: UUID | None = None
    status: CallbackStatus | None = None
    provider: str | None = None
    event_type: str | None = None


class ReverifyCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Which quarantined callbacks to verify again."""

    organisation_id: UUID
    source_id: UUID | None
    """None: of all sources."""


class ReplayCallbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Which verified callbacks to pass on again: those that were received before the job was enqueued."""

    organisation_id: UUID
    source_id: UUID | None
    """None: of all sources."""
    event_type: str | None
    since: datetime
    until: datetime


class DeleteExpired(msgspec.Struct, frozen=True, kw_only=True):
    """Delete what the settings no longer keep."""


REVERIFY_CALLBACKS: Final = JobKind(name="callbacks.reverify", payload=ReverifyCallbacks, timeout_s=3_600.0)
REPLAY_CALLBACKS: Final = JobKind(name="callbacks.replay", payload=ReplayCallbacks, timeout_s=3_600.0)
DELETE_EXPIRED: Final = JobKind(name="callbacks.delete_expired", payload=DeleteExpired, timeout_s=3_600.0)
