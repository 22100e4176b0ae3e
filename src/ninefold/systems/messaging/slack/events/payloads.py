"""What is sent to an app: the payload of an envelope (Socket Mode), or the body of a request (Events API)."""

import base64
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import (
    APP_EVENT_PREFIX,
    CHANNEL_PREFIX,
    MEMBER_PREFIX,
    App,
    AppEvent,
    Channel,
    Member,
)
from ninefold.systems.messaging.service.apps.tickets import create_ticket
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.entries import find_entry
from ninefold.systems.messaging.service.members import get_bot, get_member
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.events.entries import EntryShower, event_ts
from ninefold.systems.messaging.slack.events.interactions import show_interaction

ENVELOPE_TYPES: Final[Mapping[str, str]] = {
    "event": "events_api",
    "command": "slash_commands",
    "interaction": "interactive",
}


class PayloadShower:
    """Shows what an app is told.

    Args:
        connection: in a transaction, since it may create tickets for the app's answers.
        app: the app.
        base_url: how the app reaches this installation.
    """

    def __init__(self, connection: Connection, app: App, *, base_url: str) -> None:
        self._connection: Final = connection
        self._app: Final = app
        self._base_url: Final = base_url

    async def show(self, event: AppEvent) -> dict[str, Any] | None:
        """Return what is sent; None if what it tells of was deleted in the meantime."""
        if event.kind == "verification":
            return {"type": "url_verification", "token": "", "challenge": event.payload["challenge"]}
        if event.kind == "command":
            return await self._show_command(event)
        if event.kind == "interaction":
            return await self._show_interaction(event)
        return await self._show_event(event)

    async def _show_event(self, event: AppEvent) -> dict[str, Any] | None:
        team_id = await self._team_id()
        shown = await self._show_what_happened(event, team_id)
        if shown is None:
            return None
        bot = await get_bot(self._connection, self._app)
        return {
            "token": "",
            "team_id": team_id,
            "api_app_id": self._app.slack_id,
            "event": shown,
            "type": "event_callback",
            "event_id": slack_event_id(event.app_event_id),
            "event_time": int(event.created_at.timestamp()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": team_id,
                    "user_id": bot.slack_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
            "event_context": slack_event_id(event.app_event_id),
        }

    async def _show_what_happened(self, event: AppEvent, team_id: str) -> dict[str, Any] | None:
        if event.channel_id is None or event.sequence is None:
            return {"type": event.type, "event_ts": event_ts(event.created_at), **event.payload}
        channel = await self._channel(event.channel_id)
        entry = await find_entry(self._connection, channel_id=event.channel_id, sequence=event.sequence)
        assert entry is not None, "entries are never deleted"
        return await EntryShower(self._connection, channel, team_id=team_id, base_url=self._base_url).show(
            entry, event.type
        )

    async def _show_command(self, event: AppEvent) -> dict[str, Any]:
        channel = await self._channel(parse_id(CHANNEL_PREFIX, event.payload["channel_id"]))
        member = await self._member(event)
        team_id = await self._team_id()
        return {
            "token": "",
            "team_id": team_id,
            "team_domain": team_id.lower(),
            "channel_id": channel.slack_id,
            "channel_name": channel_name(channel),
            "user_id": member.slack_id,
            "user_name": member.name,
            "command": event.payload["command"],
            "text": event.payload["text"],
            "api_app_id": self._app.slack_id,
            "is_enterprise_install": "false",
            "response_url": await self._response_url(member, channel),
            "trigger_id": await self._trigger(member),
        }

    async def _show_interaction(self, event: AppEvent) -> dict[str, Any] | None:
        member = await self._member(event)
        team_id = await self._team_id()
        shown = await show_interaction(self._connection, event, app=self._app, team_id=team_id, base_url=self._base_url)
        if shown is None:
            return None
        if event.type != "view_closed":
            shown.fields["trigger_id"] = await self._trigger(member)
        if shown.channel is not None:
            shown.fields["channel"] = {"id": shown.channel.slack_id, "name": channel_name(shown.channel)}
            shown.fields["response_url"] = await self._response_url(
                member, shown.channel, message_sequence=shown.message_sequence
            )
        return {
            "type": event.type,
            "team": {"id": team_id, "domain": team_id.lower()},
            "user": {"id": member.slack_id, "username": member.name, "name": member.name, "team_id": team_id},
            "api_app_id": self._app.slack_id,
            "token": "",
            "enterprise": None,
            "is_enterprise_install": False,
            **shown.fields,
        }

    async def _response_url(self, member: Member, channel: Channel, *, message_sequence: int | None = None) -> str:
        ticket = await create_ticket(
            self._connection,
            "response",
            organisation_id=self._app.organisation_id,
            app_id=self._app.app_id,
            member_id=member.member_id,
            channel_id=channel.channel_id,
            message_sequence=message_sequence,
        )
        return f"{self._base_url}/slack/responses/{ticket}"

    async def _trigger(self, member: Member) -> str:
        return await create_ticket(
            self._connection,
            "trigger",
            organisation_id=self._app.organisation_id,
            app_id=self._app.app_id,
            member_id=member.member_id,
        )

    async def _team_id(self) -> str:
        workspace = await ensure_workspace(self._connection, organisation_id=self._app.organisation_id)
        return workspace.slack_id

    async def _channel(self, channel_id: UUID) -> Channel:
        return await get_channel(self._connection, organisation_id=self._app.organisation_id, channel_id=channel_id)

    async def _member(self, event: AppEvent) -> Member:
        member_id = parse_id(MEMBER_PREFIX, event.payload["member_id"])
        return await get_member(self._connection, organisation_id=self._app.organisation_id, member_id=member_id)


def channel_name(channel: Channel) -> str:
    """Return what Slack calls a channel."""
    names = {"direct": "directmessage", "group": "mpdm"}
    return channel.name or names[channel.kind]


def envelope_of(event: AppEvent, payload: dict[str, Any]) -> dict[str, Any]:
    """Return the envelope in which a payload is sent over a connection."""
    envelope = {
        "envelope_id": format_id(APP_EVENT_PREFIX, event.app_event_id),
        "type": ENVELOPE_TYPES[event.kind],
        "payload": payload,
        "accepts_response_payload": event.kind != "event",
    }
    if event.kind == "event":
        envelope["retry_attempt"] = event.attempt_count - 1
        envelope["retry_reason"] = event.error or ""
    return envelope


def slack_event_id(app_event_id: UUID) -> str:
    """Return the id of an event as Slack's apps see it, `Ev…`: it stays the same in all attempts."""
    return f"Ev{base64.b32encode(app_event_id.bytes).decode().rstrip('=')}"
