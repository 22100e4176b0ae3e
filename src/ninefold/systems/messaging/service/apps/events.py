"""What apps are told: it is recorded in the transaction of what happened, and sent after its commit.

An app without a request URL gets it over its own connections, and one with a URL there. Until an app has connected or
verified its URL, nothing is recorded for it.
"""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Connection
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.messaging.errors import AppNotReachableError
from ninefold.systems.messaging.model import (
    APP_EVENTS_CHANNEL,
    APP_PREFIX,
    FILE_PREFIX,
    App,
    AppEvent,
    AppEventKind,
    AppEventState,
    Channel,
    ChannelEvent,
    ListeningApp,
    NewAppEvent,
)
from ninefold.systems.messaging.rules.app_events import (
    CONNECTION_SEEN_WITHIN,
    FILE_SHARED,
    AppEventName,
    is_told,
    names_of_entry,
)
from ninefold.systems.messaging.rules.mentions import everything_said, mentioned_ids
from ninefold.systems.messaging.store import app_events as store
from ninefold.systems.messaging.store.files import file_list_by_ids
from ninefold.systems.messaging.store.members import member_find_by_app, member_list_by_ids


async def tell_apps_of_entry(connection: Connection, channel: Channel, event: ChannelEvent) -> set[UUID]:
    """Record an entry of a channel's log for the apps that are told of it.

    Call it in the transaction of the entry, and `notify_apps` after the commit.

    Returns:
        The apps.
    """
    names = names_of_entry(event.type, channel.kind)
    if not names:
        return set()
    listening = await store.app_list_listening(
        connection, organisation_id=channel.organisation_id, channel_id=channel.channel_id
    )
    mentioned = _mentioned_in(event)
    told = [
        NewAppEvent(app_id=app.app_id, transport=app.transport, kind="event", type=name.type)
        for app in listening
        for name in names
        if is_told(app, name.subscription) and _is_audience(app, name, event, mentioned)
    ]
    if told:
        await store.app_event_insert_many(connection, told, channel_id=channel.channel_id, sequence=event.sequence)
    told += await _tell_of_files(connection, channel, event, listening)
    return {each.app_id for each in told}


async def tell_apps(
    connection: Connection, *, organisation_id: UUID, name: str, payload: dict[str, Any], app_id: UUID | None = None
) -> set[UUID]:
    """Record what isn't in the log of a channel for the apps that are told of it.

    Call it in the transaction of what happened, and `notify_apps` after the commit.

    Args:
        connection: in a transaction.
        organisation_id: where it happened.
        name: Slack's name of the event.
        payload: what there is to say.
        app_id: the only app that it concerns; None for all.

    Returns:
        The apps.
    """
    listening = await store.app_list_listening(connection, organisation_id=organisation_id, channel_id=None)
    told = [
        NewAppEvent(app_id=app.app_id, transport=app.transport, kind="event", type=name)
        for app in listening
        if is_told(app, name) and app_id in (None, app.app_id)
    ]
    if told:
        await store.app_event_insert_many(connection, told, payload=payload)
    return {each.app_id for each in told}


async def ask_app(connection: Connection, app: App, *, kind: AppEventKind, name: str, payload: dict[str, Any]) -> UUID:
    """Record something that an app is to answer; return its id.

    It waits for an app that isn't connected. Call it in a transaction, and `notify_apps` after the commit.
    """
    new = NewAppEvent(
        app_id=app.app_id, transport="socket" if app.request_url is None else "http", kind=kind, type=name
    )
    (app_event_id,) = await store.app_event_insert_many(connection, [new], payload=payload)
    return app_event_id


async def require_reachable(connection: Connection, app: App) -> None:
    """Check that an app can answer now.

    Raises:
        AppNotReachableError: it has neither a connection nor a verified request URL, or its bot is deactivated.
    """
    bot = await member_find_by_app(connection, app_id=app.app_id)
    if bot is None or bot.is_deactivated:
        raise AppNotReachableError(f"{app.name} is deactivated.", remedy="Activate its bot first.")
    if app.request_url is not None:
        is_reachable = app.request_url_verified_at is not None
    else:
        is_reachable = bool(
            await store.app_connection_count(connection, app_id=app.app_id, seen_within=CONNECTION_SEEN_WITHIN)
        )
    if not is_reachable:
        raise AppNotReachableError(f"{app.name} isn't connected.", remedy="Start the app, and try again.")


def notify_apps(notifier: Notifier, app_ids: Iterable[UUID]) -> None:
    """Wake what sends to apps; call it after the commit."""
    if names := [format_id(APP_PREFIX, app_id) for app_id in app_ids]:
        notifier.notify(APP_EVENTS_CHANNEL, *names)


async def list_app_events(
    connection: Connection, app: App, *, before: UUID | None, state: AppEventState | None, limit: int
) -> list[AppEvent]:
    """Return a page of what an app is told, latest first."""
    return await store.app_event_list(connection, app_id=app.app_id, before=before, state=state, limit=limit)


async def _tell_of_files(
    connection: Connection, channel: Channel, event: ChannelEvent, listening: Iterable[ListeningApp]
) -> list[NewAppEvent]:
    """Record the files of a new message for the apps whose bots are in its channel."""
    told = [
        NewAppEvent(app_id=app.app_id, transport=app.transport, kind="event", type=FILE_SHARED)
        for app in listening
        if app.is_in_channel and is_told(app, FILE_SHARED)
    ]
    file_ids = [parse_id(FILE_PREFIX, each) for each in event.payload.get("file_ids", ())]
    if not told or not file_ids or event.type != "message":
        return []
    assert event.member_id is not None, "a message has an author"
    (author,) = await member_list_by_ids(
        connection, organisation_id=channel.organisation_id, member_ids=[event.member_id]
    )
    files = await file_list_by_ids(connection, file_ids=file_ids)
    where = {"channel_id": channel.slack_id, "user_id": author.slack_id}
    for file_id in file_ids:
        slack_id = files[file_id].slack_id
        payload = {**where, "file_id": slack_id, "file": {"id": slack_id}}
        await store.app_event_insert_many(connection, told, payload=payload)
    return told


def _mentioned_in(event: ChannelEvent) -> Collection[str]:
    """Return the Slack ids of the members that a message names; not those that `@channel` calls."""
    if event.type != "message":
        return ()
    return mentioned_ids(everything_said(event.payload.get("text") or "", event.payload.get("blocks")))


def _is_audience(app: ListeningApp, name: AppEventName, event: ChannelEvent, mentioned: Collection[str]) -> bool:
    if name.audience == "organisation":
        return True
    # Who joins is told too.
    is_there = app.is_in_channel or event.member_id == app.bot_id
    return is_there and (name.audience == "channel" or app.bot_slack_id in mentioned)
