"""What apps answer to commands, clicks and submissions: at once, or later at a response URL."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import ViewNotFoundError
from ninefold.systems.messaging.model import (
    APP_PREFIX,
    CHANNEL_PREFIX,
    MEMBER_PREFIX,
    VIEW_PREFIX,
    App,
    AppEvent,
    Channel,
    Member,
    NewMessage,
    Ticket,
    View,
)
from ninefold.systems.messaging.service.apps.ephemeral import post_ephemeral
from ninefold.systems.messaging.service.apps.outside_messages import find_thread, read_outside_message
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.apps.views import close_stack, find_view, push_onto, show_errors, update_view
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.members import get_bot, get_member
from ninefold.systems.messaging.service.notifying import announce_to_members, notify_members
from ninefold.systems.messaging.service.sending import delete_message, edit_message, post_message

IN_CHANNEL: Final = "in_channel"

log = structlog.get_logger(__name__)


async def take_answer(
    database: Database, notifier: Notifier, app: App, event: AppEvent, answer: Mapping[str, Any]
) -> None:
    """Do what an app has answered to a command or a submission; a wrong answer is shown to the member.

    Args:
        database: where it is committed.
        notifier: wakes those who see it.
        app: which app.
        event: what it was asked.
        answer: the payload of its acknowledgement, or the body of its response; empty if it only has taken it.
    """
    if event.kind not in ("command", "interaction"):
        return
    member_id = parse_id(MEMBER_PREFIX, event.payload["member_id"])
    try:
        if event.kind == "command":
            await _answer_command(database, notifier, app, event, answer)
        elif event.type == "view_submission":
            await _answer_submission(database, app, event, answer)
            notify_members(notifier, [member_id])
    except NinefoldError as error:
        log.info("messaging.app.bad_answer", app_id=format_id(APP_PREFIX, app.app_id), code=error.code)
        await tell_failure(database, notifier, member_id=member_id, event=event, reason=error.detail)


def check_answer(answer: Mapping[str, Any]) -> None:
    """Check what an app sends to a response URL, before a use of that is counted.

    Raises:
        InvalidMessageError: it can't be shown.
    """
    if not _is_true(answer.get("delete_original")):
        read_outside_message(answer)


async def respond(
    database: Database, notifier: Notifier, *, ticket: Ticket, app: App, answer: Mapping[str, Any]
) -> None:
    """Do what an app sends to a response URL.

    Raises:
        NinefoldError: it can't be done.
    """
    assert ticket.channel_id is not None, "an answer is to something in a channel"
    assert ticket.member_id is not None, "an answer is to a member"
    async with database.transaction() as connection:
        channel = await get_channel(connection, organisation_id=app.organisation_id, channel_id=ticket.channel_id)
        bot = await get_bot(connection, app)
    sequence = ticket.message_sequence
    if sequence is not None and _is_true(answer.get("delete_original")):
        await delete_message(database, notifier, channel=channel, member=bot, sequence=sequence)
    elif sequence is not None and _is_true(answer.get("replace_original")):
        said = read_outside_message(answer)
        await edit_message(
            database, notifier, channel=channel, member=bot, sequence=sequence, text=said.text, blocks=said.blocks
        )
    else:
        await _say(database, notifier, bot=bot, channel=channel, member_id=ticket.member_id, answer=answer)


async def get_app_of_ticket(connection: Connection, ticket: Ticket) -> App:
    """Return the app that a ticket belongs to."""
    assert ticket.app_id is not None, "an app answers"
    return await get_app(connection, organisation_id=ticket.organisation_id, app_id=ticket.app_id)


async def tell_failure(
    database: Database, notifier: Notifier, *, member_id: UUID, event: AppEvent, reason: str
) -> None:
    """Tell a member that what it did had no effect."""
    entry = {"type": "app_failed", "what": event.type, "reason": reason, **event.payload}
    async with database.transaction() as connection:
        await announce_to_members(connection, [member_id], entry)
    notify_members(notifier, [member_id])


async def _answer_command(
    database: Database, notifier: Notifier, app: App, event: AppEvent, answer: Mapping[str, Any]
) -> None:
    if not answer:
        return
    async with database.transaction() as connection:
        channel_id = parse_id(CHANNEL_PREFIX, event.payload["channel_id"])
        channel = await get_channel(connection, organisation_id=app.organisation_id, channel_id=channel_id)
        bot = await get_bot(connection, app)
    member_id = parse_id(MEMBER_PREFIX, event.payload["member_id"])
    await _say(database, notifier, bot=bot, channel=channel, member_id=member_id, answer=answer)


async def _answer_submission(database: Database, app: App, event: AppEvent, answer: Mapping[str, Any]) -> None:
    async with database.transaction() as connection:
        view_id = parse_id(VIEW_PREFIX, event.payload["view_id"])
        view = await find_view(connection, organisation_id=app.organisation_id, view_id=view_id)
        if view is None or view.closed_at is not None:
            return
        await _change_view(connection, app, view, answer)


async def _change_view(connection: Connection, app: App, view: View, answer: Mapping[str, Any]) -> None:
    content = answer.get("view")
    match answer.get("response_action"):
        case None:
            await close_stack(connection, view)
        case "clear":
            await close_stack(connection, view, is_whole_stack=True)
        case "errors":
            errors = answer.get("errors")
            await show_errors(connection, view, errors if isinstance(errors, dict) else {})
        case "update" if isinstance(content, dict):
            await update_view(connection, view, content=content)
        case "push" if isinstance(content, dict):
            await push_onto(connection, app, view, content)
        case _:
            raise ViewNotFoundError("The app has answered with an action that isn't known.", field="response_action")


async def _say(
    database: Database,
    notifier: Notifier,
    *,
    bot: Member,
    channel: Channel,
    member_id: UUID,
    answer: Mapping[str, Any],
) -> None:
    """Post an answer in the channel, or show it to one member."""
    said = read_outside_message(answer)
    async with database.connection() as connection:
        thread_sequence = await find_thread(connection, channel, said)
    if answer.get("response_type") == IN_CHANNEL:
        message = NewMessage(text=said.text, blocks=said.blocks, thread_sequence=thread_sequence, is_from_outside=True)
        await post_message(database, notifier, channel=channel, member=bot, message=message)
        return
    async with database.transaction() as connection:
        viewer = await get_member(connection, organisation_id=bot.organisation_id, member_id=member_id)
    await post_ephemeral(
        database,
        notifier,
        channel=channel,
        author=bot,
        viewer=viewer,
        text=said.text,
        blocks=said.blocks,
        thread_sequence=thread_sequence,
        is_from_outside=True,
    )


def _is_true(value: Any) -> bool:
    return value is True or value == "true"
