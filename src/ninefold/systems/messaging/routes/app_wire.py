"""The wire types of apps, of what they are told, and of their incoming webhooks."""

from typing import Annotated, Any, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import (
    APP_EVENT_PREFIX,
    APP_PREFIX,
    WEBHOOK_PREFIX,
    App,
    AppCommand,
    AppEvent,
    AppEventKind,
    AppEventState,
    CreatedApp,
    IncomingWebhook,
    Member,
    Transport,
    Workspace,
)
from ninefold.systems.messaging.routes.member_wire import MessagingMemberView, show_member
from ninefold.systems.messaging.routes.wire import ChannelIdText
from ninefold.systems.messaging.rules.app_events import COMMAND_PATTERN, COMMANDS_MAX
from ninefold.systems.messaging.service.apps.settings import ALL_EVENTS, AppChanges

AppNameText = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=80, description="The name of its bot too; see that of members.", examples=["standup"]
    ),
]
RequestUrlText = Annotated[
    str,
    msgspec.Meta(
        max_length=2_000,
        description="Where the app is told what happens; empty: over its own connections (Socket Mode).",
        examples=[""],
    ),
]
EventTypes = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=80)]],
    msgspec.Meta(max_length=100, description="What the app is told; `all` for everything.", examples=[[ALL_EVENTS]]),
]
Commands = Annotated[
    list[Annotated[str, msgspec.Meta(pattern=COMMAND_PATTERN)]],
    msgspec.Meta(max_length=COMMANDS_MAX, description="Its slash commands, such as `/standup`.", examples=[[]]),
]
Scopes = Annotated[
    Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=100)] | None,
    msgspec.Meta(
        description="What the bot's token is limited to, by the scopes of Slack's API, such as `chat:write`. Then "
        "only Slack's API accepts it. Null if it is allowed what a member is.",
        examples=[None],
    ),
]
RequestUrlState = Literal["none", "verifying", "verified", "failed"]


class CreateApp(RequestBody, frozen=True, kw_only=True):
    """An app to create."""

    name: AppNameText
    request_url: RequestUrlText = ""
    event_types: EventTypes = msgspec.field(default_factory=lambda: [ALL_EVENTS])
    commands: Commands = msgspec.field(default_factory=list)
    scopes: Scopes = None

    @property
    def changes(self) -> AppChanges:
        """How the app is told what happens."""
        return AppChanges(request_url=self.request_url, event_types=self.event_types, commands=self.commands)


class UpdateApp(RequestBody, frozen=True, kw_only=True):
    """What to change of an app; null keeps a value."""

    request_url: RequestUrlText | None = None
    event_types: EventTypes | None = None
    commands: Commands | None = None
    is_disabled: bool | None = None

    @property
    def changes(self) -> AppChanges:
        """How the app is told what happens."""
        return AppChanges(
            request_url=self.request_url,
            event_types=self.event_types,
            commands=self.commands,
            is_disabled=self.is_disabled,
        )


class AppView(msgspec.Struct, frozen=True, kw_only=True):
    """An app, without its secrets."""

    app_id: Annotated[str, msgspec.Meta(examples=[f"{APP_PREFIX}_{EXAMPLE_ID}"])]
    slack_id: Annotated[str, msgspec.Meta(description="Its id in Slack's API.", examples=["A01H455VB4P"])]
    name: AppNameText
    created_at: Timestamp
    request_url: RequestUrlText
    request_url_state: Annotated[
        RequestUrlState, msgspec.Meta(description="Whether the URL has answered the challenge that it was sent.")
    ]
    request_url_error: Annotated[str | None, msgspec.Meta(description="Why it couldn't be verified.", examples=[None])]
    event_types: EventTypes


class AppDetailsView(AppView, frozen=True, kw_only=True):
    """An app with its commands and its connections."""

    commands: Commands
    connections: Annotated[int, msgspec.Meta(description="How many of its connections are open now.")]
    is_disabled: Annotated[
        bool, msgspec.Meta(description="Whether its bot is deactivated: then it is told nothing, and can do nothing.")
    ]


class CreatedAppView(AppView, frozen=True, kw_only=True):
    """A new app with its secrets. The tokens aren't stored anywhere."""

    commands: Commands
    bot: MessagingMemberView
    bot_token: Annotated[str, msgspec.Meta(description="Acts for the bot.", examples=["xoxb-AbC123xy-…"])]
    app_token: Annotated[str, msgspec.Meta(description="Opens the app's connection.", examples=["xapp-AbC123xy-…"])]
    signing_secret: Annotated[
        str, msgspec.Meta(description="Signs what the app is sent.", examples=["8f742231b10e8888abcd99yyyzzz85a5"])
    ]
    team_id: Annotated[
        str, msgspec.Meta(description="The id of the workspace in Slack's API.", examples=["T01H455VB4P"])
    ]


class AppEventView(msgspec.Struct, frozen=True, kw_only=True):
    """What an app is told."""

    app_event_id: Annotated[str, msgspec.Meta(examples=[f"{APP_EVENT_PREFIX}_{EXAMPLE_ID}"])]
    kind: AppEventKind
    type: Annotated[str, msgspec.Meta(description="Slack's name of it.", examples=["app_mention"])]
    transport: Transport
    state: AppEventState
    attempt_count: int
    error: Annotated[str | None, msgspec.Meta(description="Why the latest attempt failed.", examples=[None])]
    created_at: Timestamp
    sent_at: Timestamp | None
    due_at: Annotated[
        Timestamp | None,
        msgspec.Meta(description="When it is sent next; of `sent`, until when the app can acknowledge it."),
    ]
    finished_at: Timestamp | None


class CommandView(msgspec.Struct, frozen=True, kw_only=True):
    """A slash command."""

    command: Annotated[str, msgspec.Meta(examples=["/standup"])]
    app_id: Annotated[str, msgspec.Meta(examples=[f"{APP_PREFIX}_{EXAMPLE_ID}"])]


class CommandList(msgspec.Struct, frozen=True, kw_only=True):
    """The slash commands of an organisation."""

    items: list[CommandView]
    next_cursor: None = None


class CreateIncomingWebhook(RequestBody, frozen=True, kw_only=True):
    """An incoming webhook to create."""

    channel_id: ChannelIdText


class IncomingWebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """An incoming webhook, without its address."""

    webhook_id: Annotated[str, msgspec.Meta(examples=[f"{WEBHOOK_PREFIX}_{EXAMPLE_ID}"])]
    channel_id: ChannelIdText
    created_at: Timestamp


class IncomingWebhookList(msgspec.Struct, frozen=True, kw_only=True):
    """The incoming webhooks of an app, oldest first."""

    items: list[IncomingWebhookView]
    next_cursor: None = None


class CreatedIncomingWebhookView(IncomingWebhookView, frozen=True, kw_only=True):
    """A new incoming webhook with its address, which isn't stored anywhere."""

    url: Annotated[
        str,
        msgspec.Meta(
            description="A secret: it can post in the channel without a token.",
            examples=["https://ninefold.example.com/slack/services/T01H455VB4P/B01H455VB4P/AbC123xy"],
        ),
    ]


def show_app(app: App) -> AppView:
    """Return an app as the API lists it."""
    return AppView(**_fields(app))


def show_app_details(app: App, bot: Member, *, commands: list[AppCommand], connections: int) -> AppDetailsView:
    """Return an app with its commands and its connections."""
    return AppDetailsView(
        **_fields(app),
        commands=[each.command for each in commands],
        connections=connections,
        is_disabled=bot.is_deactivated,
    )


def show_created_app(
    created: CreatedApp, app: App, workspace: Workspace, *, commands: list[AppCommand]
) -> CreatedAppView:
    """Return a new app with its secrets."""
    return CreatedAppView(
        **_fields(app),
        commands=[each.command for each in commands],
        bot=show_member(created.bot),
        bot_token=created.bot_token,
        app_token=created.app_token,
        signing_secret=created.signing_secret,
        team_id=workspace.slack_id,
    )


def show_app_event(event: AppEvent) -> AppEventView:
    """Return what an app is told as the API shows it."""
    return AppEventView(
        app_event_id=format_id(APP_EVENT_PREFIX, event.app_event_id),
        kind=event.kind,
        type=event.type,
        transport=event.transport,
        state=event.state,
        attempt_count=event.attempt_count,
        error=event.error,
        created_at=event.created_at,
        sent_at=event.sent_at,
        due_at=event.due_at,
        finished_at=event.finished_at,
    )


def show_command(command: AppCommand) -> CommandView:
    """Return a slash command as the API shows it."""
    return CommandView(command=command.command, app_id=format_id(APP_PREFIX, command.app_id))


def _fields(app: App) -> dict[str, Any]:
    return {
        "app_id": format_id(APP_PREFIX, app.app_id),
        "slack_id": app.slack_id,
        "name": app.name,
        "created_at": app.created_at,
        "request_url": app.request_url or "",
        "request_url_state": _state_of_url(app),
        "request_url_error": app.request_url_error,
        "event_types": [ALL_EVENTS] if app.event_types is None else app.event_types,
    }


def _state_of_url(app: App) -> RequestUrlState:
    if app.request_url is None:
        return "none"
    if app.request_url_verified_at is not None:
        return "verified"
    return "verifying" if app.request_url_error is None else "failed"


def webhook_fields(webhook: IncomingWebhook, *, channel_id: str) -> dict[str, Any]:
    """Return the fields of an incoming webhook."""
    return {
        "webhook_id": format_id(WEBHOOK_PREFIX, webhook.webhook_id),
        "channel_id": channel_id,
        "created_at": webhook.created_at,
    }
