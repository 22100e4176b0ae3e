"""Workspaces, members and apps."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

MEMBER_PREFIX: Final = "mem"
APP_PREFIX: Final = "app"
TOKEN_PREFIX: Final = "atok"  # noqa: S105  # it begins the ids of apps' tokens.

WRITE_MESSAGES: Final = "messaging:write"
"""The scope of tokens of members and bots: it allows what a member does, and nothing else of the organisation."""

LIMITED: Final = "messaging:limited"
"""The scope of tokens that are allowed only what their other scopes say, such as `chat:write`: only Slack's API accepts
them."""

CONNECT: Final = "messaging:connect"
"""The scope of an app's own tokens: they open its connection, and read or write nothing."""

MemberKind: TypeAlias = Literal["person", "bot"]
Presence: TypeAlias = Literal["auto", "away"]


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that uses messaging."""

    organisation_id: UUID
    slack_id: str
    """The id of the team in Slack's API, `T…`."""
    created_at: datetime


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who writes in an organisation: a person, with or without an account, or a bot."""

    member_id: UUID
    organisation_id: UUID
    slack_id: str
    """The id of the user in Slack's API, `U…`."""
    name: str
    display_name: str
    real_name: str
    email: str | None
    kind: MemberKind
    account_id: UUID | None
    """The account of the person; None for bots, and for members that a program has created."""
    app_id: UUID | None
    """The app that the bot belongs to."""
    bot_id: str | None
    """The id of the bot in Slack's API, `B…`; None for people."""
    is_deactivated: bool
    presence: Presence
    seen_at: datetime | None
    """When the member has last done something; updated once a minute."""
    created_at: datetime

    @property
    def is_bot(self) -> bool:
        """Whether it is a program."""
        return self.kind == "bot"

    @property
    def shown_name(self) -> str:
        """What others call the member."""
        return self.display_name or self.real_name or self.name


class App(msgspec.Struct, frozen=True, kw_only=True):
    """A program that acts in a workspace by its bot."""

    app_id: UUID
    organisation_id: UUID
    slack_id: str
    """The id of the app in Slack's API, `A…`."""
    name: str
    sealed: bytes | None
    """Its signing secret, sealed; None until one that an earlier version has stored is sealed."""
    created_at: datetime
    request_url: str | None = None
    """Where it is told what happens; None: over its own connections (Socket Mode)."""
    request_url_verified_at: datetime | None = None
    """When the URL has answered the challenge; before, nothing else is sent there."""
    request_url_error: str | None = None
    """Why the URL couldn't be verified."""
    base_url: str | None = None
    """The address that the app reaches this installation by."""
    event_types: list[str] | None = None
    """What it is told, such as `app_mention` or `message.channels`; None: everything."""
    scopes: list[str] | None = None
    """What its bot's token is limited to, and what it is told; None: it has no limits."""
    listens_until: datetime | None = None
    """Until when it is told what happens without being connected."""

    def __repr__(self) -> str:
        return f"App(name={self.name!r}, app_id={self.app_id!r})"


class CreatedApp(msgspec.Struct, frozen=True, kw_only=True):
    """A new app with its signing secret, and with its tokens, whose texts aren't stored anywhere."""

    app: App
    bot: Member
    signing_secret: str
    bot_token: str
    app_token: str

    def __repr__(self) -> str:
        return f"CreatedApp(app={self.app!r})"
