"""What members do with views and blocks, as Slack sends it to apps."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import CHANNEL_PREFIX, VIEW_PREFIX, App, AppEvent, Channel, Message, View
from ninefold.systems.messaging.rules.input_state import Values, complete_state
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.apps.views import find_view
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.entries import find_message
from ninefold.systems.messaging.service.members import get_bot
from ninefold.systems.messaging.slack.events.entries import EntryShower, event_ts


class ShownInteraction(msgspec.Struct, kw_only=True):
    """The fields of an interaction that depend on what it is with."""

    fields: dict[str, Any]
    channel: Channel | None = None
    message_sequence: int | None = None


async def show_interaction(
    connection: Connection, event: AppEvent, *, app: App, team_id: str, base_url: str
) -> ShownInteraction | None:
    """Return what an interaction is with; None if that was deleted."""
    if "view_id" in event.payload:
        return await _show_with_view(connection, event, app=app, team_id=team_id)
    return await _show_with_message(connection, event, app=app, team_id=team_id, base_url=base_url)


async def show_view(connection: Connection, view: View, *, app: App, team_id: str) -> dict[str, Any]:
    """Return a view as Slack's API shows it."""
    bot = await get_bot(connection, app)
    content = view.content
    return {
        "id": view.slack_id,
        "team_id": team_id,
        "type": view.kind,
        "blocks": content["blocks"],
        "private_metadata": content.get("private_metadata") or "",
        "callback_id": content.get("callback_id") or "",
        "state": {"values": complete_state(content["blocks"], view.input)},
        "hash": view.hash,
        "title": content.get("title"),
        "submit": content.get("submit"),
        "close": content.get("close"),
        "clear_on_close": bool(content.get("clear_on_close", False)),
        "notify_on_close": bool(content.get("notify_on_close", False)),
        "previous_view_id": await _slack_id(connection, app, view.previous_view_id),
        "root_view_id": await _slack_id(connection, app, view.root_view_id),
        "app_id": app.slack_id,
        "external_id": view.external_id or "",
        "app_installed_team_id": team_id,
        "bot_id": bot.bot_id,
    }


async def _show_with_view(
    connection: Connection, event: AppEvent, *, app: App, team_id: str
) -> ShownInteraction | None:
    view = await find_view(
        connection, organisation_id=app.organisation_id, view_id=parse_id(VIEW_PREFIX, event.payload["view_id"])
    )
    if view is None:
        return None
    fields: dict[str, Any] = {"view": await show_view(connection, view, app=app, team_id=team_id)}
    if event.type == "view_submission":
        fields["response_urls"] = []
    elif event.type == "view_closed":
        fields["is_cleared"] = event.payload["is_cleared"]
    else:
        fields |= {
            "container": {"type": "view", "view_id": view.slack_id},
            "actions": _actions_of(event),
        }
    return ShownInteraction(fields=fields)


async def _show_with_message(
    connection: Connection, event: AppEvent, *, app: App, team_id: str, base_url: str
) -> ShownInteraction | None:
    channel = await get_channel(
        connection,
        organisation_id=app.organisation_id,
        channel_id=parse_id(CHANNEL_PREFIX, event.payload["channel_id"]),
    )
    message = await find_message(connection, channel, event.payload["message_sequence"])
    if message is None or message.deleted_at is not None:
        return None
    shower = EntryShower(connection, channel, team_id=team_id, base_url=base_url)
    fields: dict[str, Any] = {
        "container": {
            "type": "message",
            "message_ts": format_ts(message.ts_us),
            "channel_id": channel.slack_id,
            "is_ephemeral": False,
        },
        "message": await shower.show_message(message),
        "state": {"values": _state_of(message, event.payload["actions"])},
        "actions": _actions_of(event),
    }
    return ShownInteraction(fields=fields, channel=channel, message_sequence=message.sequence)


def _actions_of(event: AppEvent) -> list[dict[str, Any]]:
    return [{**action, "action_ts": event_ts(event.created_at)} for action in event.payload["actions"]]


def _state_of(message: Message, actions: Sequence[dict[str, Any]]) -> Values:
    """Return the state of the elements of a message: what was just chosen, and the initial values of the others."""
    chosen: Values = {}
    for action in actions:
        chosen.setdefault(action["block_id"], {})[action["action_id"]] = action
    return complete_state(message.blocks or (), chosen)


async def _slack_id(connection: Connection, app: App, view_id: UUID | None) -> str | None:
    if view_id is None:
        return None
    found = await find_view(connection, organisation_id=app.organisation_id, view_id=view_id)
    return None if found is None else found.slack_id
