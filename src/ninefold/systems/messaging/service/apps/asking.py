"""What members do that an app has to answer: slash commands, clicks, and opening the app's home tab."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import ActionNotFoundError
from ninefold.systems.messaging.model import CHANNEL_PREFIX, MEMBER_PREFIX, App, Channel, Member, Message, View
from ninefold.systems.messaging.rules.blocks_of_actions import find_element
from ninefold.systems.messaging.service.apps.events import ask_app, require_reachable, tell_apps
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.apps.settings import get_app_of_command
from ninefold.systems.messaging.service.apps.views import find_home, payload_of


async def send_command(
    connection: Connection, *, channel: Channel, member: Member, command: str, text: str
) -> tuple[App, UUID]:
    """Send a slash command to its app; return the app, and the id of what it is asked.

    Call it in a transaction, and `notify_apps` after the commit.

    Raises:
        CommandNotFoundError: no app has it.
        AppNotReachableError: the app can't answer.
    """
    app = await get_app_of_command(connection, organisation_id=member.organisation_id, command=command)
    await require_reachable(connection, app)
    payload = {**_where(channel, member), "command": command, "text": text}
    return app, await ask_app(connection, app, kind="command", name=command, payload=payload)


async def send_message_action(
    connection: Connection, *, channel: Channel, member: Member, message: Message, action: Mapping[str, Any]
) -> tuple[App, UUID]:
    """Send a click on an element of a message to the app that has posted it.

    Call it in a transaction, and `notify_apps` after the commit.

    Raises:
        ActionNotFoundError: no app has posted the message, or it has no such element.
        AppNotReachableError: the app can't answer.
    """
    if message.app_id is None:
        raise ActionNotFoundError("No app has posted this message.", field="action")
    app = await get_app(connection, organisation_id=member.organisation_id, app_id=message.app_id)
    complete = _complete(message.blocks or [], action)
    await require_reachable(connection, app)
    payload = {**_where(channel, member), "message_sequence": message.sequence, "actions": [complete]}
    return app, await ask_app(connection, app, kind="interaction", name="block_actions", payload=payload)


async def send_view_action(connection: Connection, app: App, view: View, *, action: Mapping[str, Any]) -> UUID:
    """Send a click on an element of a view to its app; call `notify_apps` after the commit.

    Raises:
        ActionNotFoundError: the view has no such element.
        AppNotReachableError: the app can't answer.
    """
    complete = _complete(view.content["blocks"], action)
    await require_reachable(connection, app)
    payload = {**payload_of(view), "actions": [complete]}
    return await ask_app(connection, app, kind="interaction", name="block_actions", payload=payload)


async def open_home(
    connection: Connection, app: App, member: Member, *, direct: Channel
) -> tuple[View | None, set[UUID]]:
    """Tell an app that a member has opened its home tab, so that the app can publish it.

    Call it in a transaction, and `notify_apps` after the commit.

    Returns:
        The home tab as it is now, and the apps that are told.
    """
    home = await find_home(connection, app, member)
    payload = {"user": member.slack_id, "channel": direct.slack_id, "tab": "home"}
    told = await tell_apps(
        connection,
        organisation_id=member.organisation_id,
        name="app_home_opened",
        payload=payload,
        app_id=app.app_id,
    )
    return home, told


def _where(channel: Channel, member: Member) -> dict[str, Any]:
    return {
        "channel_id": format_id(CHANNEL_PREFIX, channel.channel_id),
        "member_id": format_id(MEMBER_PREFIX, member.member_id),
    }


def _complete(blocks: list[dict[str, Any]], action: Mapping[str, Any]) -> dict[str, Any]:
    """Return a click with what the app needs to know of the element."""
    found = find_element(blocks, block_id=action.get("block_id"), action_id=action.get("action_id"))
    if found is None:
        raise ActionNotFoundError("There is no such element.", field="action.action_id")
    block_id, element = found
    shown: dict[str, Any] = {name: element[name] for name in ("type", "action_id", "text", "value") if name in element}
    return {**action, **shown, "block_id": block_id}
