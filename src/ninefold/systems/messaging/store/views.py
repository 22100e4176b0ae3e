"""Queries for the views that apps show to members."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import View
from ninefold.systems.messaging.store.queries import queries

_object = msgspec.json.Decoder(dict[str, Any])


async def view_delete_closed(connection: Connection, *, age: timedelta, limit: int) -> None:
    """Forget modals that were closed some time ago."""
    await queries.view_delete_closed(connection, age=age, limit=limit)


async def view_find(connection: Connection, *, organisation_id: UUID, view_id: UUID) -> View | None:
    """Read a view of an organisation."""
    return _view_or_none(await queries.view_find(connection, organisation_id=organisation_id, view_id=view_id))


async def view_find_by_external_id(connection: Connection, *, app_id: UUID, external_id: str) -> View | None:
    """Read the open view to which an app has given an id of its own."""
    record = await queries.view_find_by_external_id(connection, app_id=app_id, external_id=external_id)
    return _view_or_none(record)


async def view_find_by_slack_id(connection: Connection, *, app_id: UUID, slack_id: str) -> View | None:
    """Read the view of an app with an id of Slack's API."""
    return _view_or_none(await queries.view_find_by_slack_id(connection, app_id=app_id, slack_id=slack_id))


async def view_find_home(connection: Connection, *, app_id: UUID, member_id: UUID) -> View | None:
    """Read the home tab of an app for a member."""
    return _view_or_none(await queries.view_find_home(connection, app_id=app_id, member_id=member_id))


async def view_insert(connection: Connection, view: View) -> View | None:
    """Insert a view; return None if there is an open one with its external id, or a home tab for the member."""
    record = await queries.view_insert(
        connection,
        view_id=view.view_id,
        slack_id=view.slack_id,
        organisation_id=view.organisation_id,
        app_id=view.app_id,
        member_id=view.member_id,
        kind=view.kind,
        content=_encode(view.content),
        hash=view.hash,
        external_id=view.external_id,
        root_view_id=view.root_view_id,
        previous_view_id=view.previous_view_id,
    )
    return _view_or_none(record)


async def view_list_open(connection: Connection, *, app_id: UUID | None, member_id: UUID, limit: int) -> list[View]:
    """Read the modals that an app shows to a member, or all apps do, the one on top first."""
    records = queries.view_list_open(connection, app_id=app_id, member_id=member_id, limit=limit)
    return [_view(record) async for record in records]


async def view_lock(connection: Connection, *, view_id: UUID) -> View:
    """Read a view that exists, and keep others from changing it until the transaction ends."""
    return _view(await queries.view_lock(connection, view_id=view_id))


async def view_update(connection: Connection, view: View) -> View:
    """Write what a view shows, what was entered, and whether it is closed."""
    record = await queries.view_update(
        connection,
        view_id=view.view_id,
        content=_encode(view.content),
        input=_encode(view.input),
        errors=None if view.errors is None else _encode(view.errors),
        hash=view.hash,
        external_id=view.external_id,
        closed_at=view.closed_at,
    )
    return _view(record)


def _encode(value: dict[str, Any]) -> str:
    return msgspec.json.encode(value).decode()


def _view_or_none(record: Any) -> View | None:
    return None if record is None else _view(record)


def _view(record: Any) -> View:
    fields = dict(record)
    for name in ("content", "input"):
        fields[name] = _object.decode(fields[name])
    if fields["errors"] is not None:
        fields["errors"] = _object.decode(fields["errors"])
    return View(**fields)
