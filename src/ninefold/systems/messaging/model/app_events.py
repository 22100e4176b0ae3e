"""What apps are told, the secrets with which they answer, and their views."""

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

APP_EVENT_PREFIX: Final = "aev"
VIEW_PREFIX: Final = "view"
WEBHOOK_PREFIX: Final = "inc"

APP_EVENTS_CHANNEL: Final = "messaging_app_events"
"""The notifier's channel; its messages are the ids of the apps that are told something."""

Transport: TypeAlias = Literal["socket", "http"]
AppEventKind: TypeAlias = Literal["event", "command", "interaction", "verification"]
"""`verification` is the challenge of a new request URL."""

AppEventState: TypeAlias = Literal["queued", "sent", "retrying", "delivered", "failed"]
TicketPurpose: TypeAlias = Literal["socket", "rtm", "response", "trigger"]
ViewKind: TypeAlias = Literal["modal", "home"]


class AppEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is told."""

    app_event_id: UUID
    app_id: UUID
    transport: Transport
    kind: AppEventKind
    type: str
    """Slack's name of it, such as `app_mention` or `block_actions`."""
    channel_id: UUID | None
    sequence: int | None
    """The entry of a log that it tells of."""
    payload: dict[str, Any]
    """What else there is to say."""
    state: AppEventState
    attempt_count: int
    due_at: datetime | None
    """When it is sent next; of `sent`, until when the app can acknowledge it."""
    error: str | None
    """Why the latest attempt failed."""
    sent_by: UUID | None
    created_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None


class ListeningApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app that is told what happens in its organisation."""

    app_id: UUID
    event_types: list[str] | None
    scopes: list[str] | None
    transport: Transport
    bot_id: UUID
    bot_slack_id: str
    is_in_channel: bool
    """Whether its bot is in the channel of what happened."""


class NewAppEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is to be told."""

    app_id: UUID
    transport: Transport
    kind: AppEventKind
    type: str


class AppCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A slash command of an app."""

    organisation_id: UUID
    command: str
    app_id: UUID


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What a secret allows for a short time."""

    digest: bytes
    purpose: TicketPurpose
    organisation_id: UUID
    credential_id: UUID | None
    """The credential that opens the connection."""
    app_id: UUID | None
    member_id: UUID | None
    """Whom an answer is for, or to whom a view can be shown."""
    channel_id: UUID | None
    message_sequence: int | None
    """The message that an answer can replace."""
    base_url: str | None
    """How the app has reached this installation."""
    uses_left: int
    expires_at: datetime
    is_expired: bool


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A modal that an app shows to a member, or its home tab for one."""

    view_id: UUID
    slack_id: str
    organisation_id: UUID
    app_id: UUID
    member_id: UUID
    kind: ViewKind
    content: dict[str, Any]
    """What the app has sent: `title`, `blocks`, `callback_id` and so on."""
    input: dict[str, Any]
    """What the member has entered, by block and action."""
    errors: dict[str, Any] | None
    """What the app says is wrong with it, by block."""
    hash: str
    """Changes with each update."""
    external_id: str | None
    root_view_id: UUID
    """The first modal of the stack."""
    previous_view_id: UUID | None
    """The one below."""
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None


class IncomingWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address at which an app posts in a channel."""

    webhook_id: UUID
    slack_id: str
    organisation_id: UUID
    app_id: UUID
    channel_id: UUID
    digest: bytes
    created_at: datetime
    revoked_at: datetime | None
