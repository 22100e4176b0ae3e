"""The fields that the commands read from the API's responses."""

from datetime import datetime
from typing import Any

import msgspec


class MemberAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A member."""

    member_id: str
    slack_id: str
    name: str
    kind: str
    is_deactivated: bool
    created_at: datetime
    seen_at: datetime | None


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new token."""

    token: str


class OwnMemberAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and where it is."""

    member: MemberAnswer
    team_id: str


class AppAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An app."""

    app_id: str
    slack_id: str
    name: str
    created_at: datetime
    request_url: str
    request_url_state: str


class AppDetailsAnswer(AppAnswer, frozen=True, kw_only=True):
    """An app with its settings."""

    request_url_error: str | None
    event_types: list[str]
    commands: list[str]
    connections: int
    is_disabled: bool


class AppTokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A token of an app."""

    token_id: str
    kind: str
    prefix: str
    scopes: list[str] | None
    state: str
    created_at: datetime
    last_used_at: datetime | None


class CreatedAppTokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new token of an app."""

    token_id: str
    token: str


class SigningSecretAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new signing secret."""

    signing_secret: str


class AppEventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is told."""

    app_event_id: str
    type: str
    transport: str
    state: str
    attempt_count: int
    error: str | None
    created_at: datetime
    due_at: datetime | None


class CreatedWebhookAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new incoming webhook."""

    webhook_id: str
    channel_id: str
    url: str


class ChannelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A channel."""

    channel_id: str
    name: str | None


class CreatedAppAnswer(AppAnswer, frozen=True, kw_only=True):
    """A new app with its secrets."""

    bot: MemberAnswer
    bot_token: str
    app_token: str
    signing_secret: str
    team_id: str


class UnreadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read of a channel."""

    channel_id: str
    last_sequence: int
    read_sequence: int
    unread: int
    mentions: int


class UnreadListAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read."""

    items: list[UnreadAnswer]


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a channel's log."""

    sequence: int
    type: str
    member_id: str | None
    message_sequence: int | None
    data: dict[str, Any]


class EventListAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive entries of a channel's log."""

    items: list[EventAnswer]
    last_sequence: int
