"""How an app is told what happens, and which slash commands it has."""

import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.egress import AddressPolicy, parse_target
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import CommandNotFoundError, CommandTakenError, InvalidAppSettingError
from ninefold.systems.messaging.model import App, AppCommand
from ninefold.systems.messaging.rules.app_events import COMMANDS_MAX, EVENT_TYPES
from ninefold.systems.messaging.service.apps.events import ask_app
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.members import get_bot, update_member
from ninefold.systems.messaging.store import app_events as store

ALL_EVENTS: Final = "all"
"""In a list of events: everything."""

_COMMANDS_LISTED: Final = 1_000


class AppChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What to change of an app; None keeps a value."""

    request_url: str | None = None
    """An empty text removes it: then the app connects in Socket Mode."""
    event_types: Sequence[str] | None = None
    """`["all"]` for everything."""
    commands: Sequence[str] | None = None
    is_disabled: bool | None = None
    """Deactivates its bot, or activates it again."""


async def update_app(
    connection: Connection, egress_policy: AddressPolicy, app: App, *, changes: AppChanges, base_url: str
) -> App:
    """Change an app. A new request URL is sent a challenge, and used once it has answered; so is one that hasn't yet.

    Call it in a transaction, and `notify_apps` and `notify_organisation` after the commit.

    Args:
        connection: in a transaction.
        egress_policy: which addresses requests can be sent to.
        app: as it is.
        changes: what to change.
        base_url: how the app can reach this installation.

    Raises:
        InvalidTargetError, DeniedTargetError: requests can't be sent to the URL.
        InvalidAppSettingError: there is no such event, or there are too many commands.
        CommandTakenError: another app of the organisation has one of the commands.
    """
    if changes.event_types is not None:
        app = msgspec.structs.replace(app, event_types=_checked_types(changes.event_types))
    is_new_url = changes.request_url is not None and (changes.request_url or None) != app.request_url
    is_tried_again = changes.request_url is not None and app.request_url_verified_at is None
    if is_new_url or is_tried_again:
        url = changes.request_url or None
        if url is not None:
            egress_policy.check_target(parse_target(url))
        app = msgspec.structs.replace(
            app,
            request_url=url,
            request_url_verified_at=None,
            request_url_error=None,
            base_url=None if url is None else base_url,
        )
    updated = await store.app_update(connection, app)
    if changes.commands is not None:
        await _replace_commands(connection, app, changes.commands)
    if changes.is_disabled is not None:
        await update_member(connection, await get_bot(connection, app), is_deactivated=changes.is_disabled)
        if changes.is_disabled:
            await store.app_event_fail_unfinished(connection, app_id=app.app_id, error="app_disabled")
    if app.request_url is not None and (is_new_url or is_tried_again):
        await _challenge(connection, updated)
    return updated


async def list_commands(connection: Connection, *, organisation_id: UUID, app: App | None = None) -> list[AppCommand]:
    """Return the slash commands of an organisation, or of one app."""
    return await store.app_command_list(
        connection,
        organisation_id=organisation_id,
        app_id=None if app is None else app.app_id,
        limit=_COMMANDS_LISTED,
    )


async def get_app_of_command(connection: Connection, *, organisation_id: UUID, command: str) -> App:
    """Return the app that has a slash command.

    Raises:
        CommandNotFoundError: none of the organisation has it.
    """
    found = await store.app_command_find(connection, organisation_id=organisation_id, command=command)
    if found is None:
        raise CommandNotFoundError(
            f"No app has the command {command[:40]}.",
            field="command",
            remedy="List the commands with GET /api/v1/messaging/commands.",
        )
    return await get_app(connection, organisation_id=organisation_id, app_id=found.app_id)


async def _challenge(connection: Connection, app: App) -> None:
    payload = {"challenge": secrets.token_hex(16), "request_url": app.request_url}
    await ask_app(connection, app, kind="verification", name="url_verification", payload=payload)


async def _replace_commands(connection: Connection, app: App, commands: Sequence[str]) -> None:
    wanted = list(dict.fromkeys(commands))
    if len(wanted) > COMMANDS_MAX:
        raise InvalidAppSettingError(f"An app has at most {COMMANDS_MAX} commands.", field="commands")
    await store.app_command_delete(connection, app_id=app.app_id)
    for command in wanted:
        new = AppCommand(organisation_id=app.organisation_id, command=command, app_id=app.app_id)
        if not await store.app_command_insert(connection, new):
            raise CommandTakenError(
                f"Another app has the command {command}.", field="commands", remedy="Choose another one."
            )


def _checked_types(event_types: Sequence[str]) -> list[str] | None:
    if ALL_EVENTS in event_types:
        return None
    unknown = sorted(set(event_types) - EVENT_TYPES)
    if unknown:
        raise InvalidAppSettingError(
            f"There is no event {unknown[0]!r}.",
            field="event_types",
            remedy=f"Use {', '.join(sorted(EVENT_TYPES))} or {ALL_EVENTS}.",
        )
    return sorted(set(event_types))
