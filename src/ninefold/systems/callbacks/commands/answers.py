"""The fields that the commands read from the API's responses."""

from datetime import datetime

import msgspec


class FieldAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a provider's sources."""

    name: str
    description: str
    is_required: bool
    default: str


class ProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A provider."""

    name: str
    title: str
    scheme: str
    docs_url: str
    fields: list[FieldAnswer]
    setup_steps: list[str]


class ProvidersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """All providers."""

    items: list[ProviderAnswer]


class SourceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A source."""

    source_id: str
    provider: str
    name: str
    ingest_url: str
    secret_hints: list[str]
    forward_url: str | None
    forward_subscription_id: str | None
    docs_url: str
    created_at: datetime
    updated_at: datetime
    setup_steps: list[str]


class ChangedSourceAnswer(SourceAnswer, frozen=True, kw_only=True):
    """A source that was created or changed."""

    forward_secret: str | None


class CallbackAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A callback without its content."""

    callback_id: str
    source_id: str
    provider: str
    status: str
    type: str | None
    provider_event_id: str | None
    received_at: datetime
    judged_at: datetime | None
    method: str
    query: str
    peer: str
    body_bytes: int
    reason: str | None
    detail: str | None
    duplicate_of: str | None
    event_type: str | None
    event_id: str | None
    replay_count: int


class HeaderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A header."""

    name: str
    value: str


class CallbackContentAnswer(CallbackAnswer, frozen=True, kw_only=True):
    """A callback with its content."""

    headers: list[HeaderAnswer]
    is_body_omitted: bool
    body_text: str | None


class ReverifyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that is verified again, if it was in quarantine."""

    callback_id: str
    status: str


class ReplayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A callback that was passed on again."""

    callback_id: str
    event_id: str
