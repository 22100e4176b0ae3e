"""Views: the modals that apps show to members, in stacks of up to three, and their home tabs.

Members learn of each change on their own live channels.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.errors import (
    ExternalIdTakenError,
    InvalidBlocksError,
    InvalidViewError,
    TooManyViewsError,
    ViewConflictError,
    ViewNotFoundError,
)
from ninefold.systems.messaging.model import APP_PREFIX, MEMBER_PREFIX, VIEW_PREFIX, App, Member, View, ViewKind
from ninefold.systems.messaging.rules.views import STACK_MAX, VIEW_BLOCKS_MAX, check_view, new_hash
from ninefold.systems.messaging.service.apps.events import ask_app, require_reachable
from ninefold.systems.messaging.service.apps.tickets import use_ticket
from ninefold.systems.messaging.service.block_kit import complete_blocks
from ninefold.systems.messaging.service.notifying import announce_to_members
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.store import views as store

_OPEN_MAX: Final = 100


async def open_view(connection: Connection, app: App, *, trigger: str, content: Mapping[str, Any]) -> View:
    """Open a modal for the member whose action a trigger is of; call `notify_members` after the commit.

    Raises:
        TicketNotFoundError, TicketExpiredError, TicketUsedError: the trigger doesn't allow it.
        InvalidViewError: it can't be shown.
    """
    ticket = await use_ticket(connection, "trigger", trigger, app_id=app.app_id)
    assert ticket.member_id is not None, "a trigger is of a member"
    view = await _insert(connection, app, ticket.member_id, content, kind="modal")
    await _announce(connection, view, "view_opened")
    return view


async def push_view(connection: Connection, app: App, *, trigger: str, content: Mapping[str, Any]) -> View:
    """Show a modal on top of those that the member has open; call `notify_members` after the commit.

    Raises:
        TicketNotFoundError, TicketExpiredError, TicketUsedError: the trigger doesn't allow it.
        ViewNotFoundError: the app shows no modal to the member.
        TooManyViewsError: there are as many on top of each other as there can be.
        InvalidViewError: it can't be shown.
    """
    ticket = await use_ticket(connection, "trigger", trigger, app_id=app.app_id)
    assert ticket.member_id is not None, "a trigger is of a member"
    shown = await store.view_list_open(connection, app_id=app.app_id, member_id=ticket.member_id, limit=1)
    if not shown:
        raise _not_found()
    return await push_onto(connection, app, shown[0], content)


async def push_onto(connection: Connection, app: App, below: View, content: Mapping[str, Any]) -> View:
    """Show a modal on top of another one; call `notify_members` after the commit.

    Raises:
        TooManyViewsError: there are as many on top of each other as there can be.
        InvalidViewError: it can't be shown.
    """
    if len(await _list_stack(connection, below)) >= STACK_MAX:
        raise TooManyViewsError(f"There are {STACK_MAX} modals on top of each other.", remedy="Update one of them.")
    view = await _insert(connection, app, below.member_id, content, kind="modal", below=below)
    await _announce(connection, view, "view_pushed")
    return view


async def update_view(
    connection: Connection, view: View, *, content: Mapping[str, Any], seen_hash: str | None = None
) -> View:
    """Replace what a view shows; call `notify_members` after the commit.

    Args:
        connection: in a transaction.
        view: which one.
        content: what it shows now.
        seen_hash: the hash of the view that the app has seen; None replaces any.

    Raises:
        ViewNotFoundError: it was closed.
        ViewConflictError: it was updated since.
        InvalidViewError: it can't be shown.
    """
    current = await store.view_lock(connection, view_id=view.view_id)
    if current.closed_at is not None:
        raise _not_found()
    if seen_hash not in (None, current.hash):
        raise ViewConflictError("The view was updated since.", field="hash", remedy="Send the hash of the last update.")
    kept = _complete(content, kind=view.kind)
    blocks = {block["block_id"] for block in kept["blocks"]}
    changed = await store.view_update(
        connection,
        msgspec.structs.replace(
            current,
            content=kept,
            input={name: value for name, value in current.input.items() if name in blocks},
            errors=None,
            hash=_new_hash(kept),
            external_id=_external_id(content) or current.external_id,
        ),
    )
    await _announce(connection, changed, "view_updated")
    return changed


async def publish_home(
    connection: Connection, app: App, member: Member, *, content: Mapping[str, Any], seen_hash: str | None
) -> View:
    """Show the home tab of an app to a member; call `notify_members` after the commit.

    Raises:
        ViewConflictError: it was updated since the app has seen it.
        InvalidViewError: it can't be shown.
    """
    home = await store.view_find_home(connection, app_id=app.app_id, member_id=member.member_id)
    if home is not None:
        return await update_view(connection, home, content=content, seen_hash=seen_hash)
    view = await _insert(connection, app, member.member_id, content, kind="home")
    await _announce(connection, view, "view_updated")
    return view


async def find_home(connection: Connection, app: App, member: Member) -> View | None:
    """Return the home tab of an app for a member; None if the app has never shown one."""
    return await store.view_find_home(connection, app_id=app.app_id, member_id=member.member_id)


async def get_view(connection: Connection, *, organisation_id: UUID, view_id: UUID) -> View:
    """Return a view of an organisation, without checking who can see it.

    Raises:
        ViewNotFoundError: it has no such view.
    """
    view = await store.view_find(connection, organisation_id=organisation_id, view_id=view_id)
    if view is None:
        raise _not_found()
    return view


def require_own(view: View, member: Member) -> View:
    """Return a view that is shown to a member.

    Raises:
        ViewNotFoundError: it is shown to another one.
    """
    if view.member_id != member.member_id:
        raise _not_found()
    return view


async def list_open_views(connection: Connection, *, member: Member) -> list[View]:
    """Return the modals that apps show to a member, the one on top first."""
    return await store.view_list_open(connection, app_id=None, member_id=member.member_id, limit=_OPEN_MAX)


async def get_view_of_app(connection: Connection, app: App, *, slack_id: str | None, external_id: str | None) -> View:
    """Return a view of an app, by its id or by the id that the app has given it.

    Raises:
        ViewNotFoundError: there is no such view, or it is another app's.
    """
    view = None
    if slack_id is not None:
        view = await store.view_find_by_slack_id(connection, app_id=app.app_id, slack_id=slack_id)
    elif external_id is not None:
        view = await store.view_find_by_external_id(connection, app_id=app.app_id, external_id=external_id)
    if view is None:
        raise _not_found()
    return view


async def find_view(connection: Connection, *, organisation_id: UUID, view_id: UUID) -> View | None:
    """Return a view of an organisation."""
    return await store.view_find(connection, organisation_id=organisation_id, view_id=view_id)


async def submit_view(connection: Connection, app: App, view: View, values: Mapping[str, Any]) -> UUID:
    """Send what a member has entered to the app; return the id of what the app is asked.

    Call `notify_apps` after the commit.

    Raises:
        ViewNotFoundError: the view is closed.
        AppNotReachableError: the app can't answer.
    """
    current = await store.view_lock(connection, view_id=view.view_id)
    if current.closed_at is not None or current.kind != "modal":
        raise _not_found()
    await require_reachable(connection, app)
    await store.view_update(connection, msgspec.structs.replace(current, input=dict(values), errors=None))
    return await ask_app(connection, app, kind="interaction", name="view_submission", payload=payload_of(view))


async def close_view(connection: Connection, app: App, view: View, *, is_whole_stack: bool = False) -> bool:
    """Close a modal for a member, who has left it; return whether the app wants to know.

    Call `notify_members` and `notify_apps` after the commit.

    Args:
        connection: in a transaction.
        app: whose it is.
        view: which one; those on top of it are closed too.
        is_whole_stack: whether those below it are closed too.
    """
    current = await store.view_lock(connection, view_id=view.view_id)
    if current.closed_at is not None or current.kind != "modal":
        return False
    clears = is_whole_stack or current.content.get("clear_on_close", False)
    await close_stack(connection, current, is_whole_stack=clears)
    if not current.content.get("notify_on_close", False):
        return False
    await ask_app(
        connection,
        app,
        kind="interaction",
        name="view_closed",
        payload={**payload_of(view), "is_cleared": clears},
    )
    return True


async def close_stack(connection: Connection, view: View, *, is_whole_stack: bool = False) -> None:
    """Close a modal with those on top of it, or the whole stack; call `notify_members` after the commit."""
    for each in await _list_stack(connection, view):
        if is_whole_stack or each.view_id >= view.view_id:
            await store.view_lock(connection, view_id=each.view_id)
            closed = await store.view_update(connection, msgspec.structs.replace(each, closed_at=datetime.now(UTC)))
            await _announce(connection, closed, "view_closed")


async def show_errors(connection: Connection, view: View, errors: Mapping[str, Any]) -> None:
    """Show a member what the app says is wrong with the input, by block; call `notify_members` after the commit."""
    current = await store.view_lock(connection, view_id=view.view_id)
    changed = await store.view_update(connection, msgspec.structs.replace(current, errors=dict(errors)))
    await _announce(connection, changed, "view_updated")


def payload_of(view: View) -> dict[str, Any]:
    """Return what is recorded of an interaction with a view."""
    return {"member_id": format_id(MEMBER_PREFIX, view.member_id), "view_id": format_id(VIEW_PREFIX, view.view_id)}


def encode_view(view: View) -> dict[str, Any]:
    """Return a view as the API and live channels show it."""
    previous = view.previous_view_id
    return {
        "view_id": format_id(VIEW_PREFIX, view.view_id),
        "slack_id": view.slack_id,
        "app_id": format_id(APP_PREFIX, view.app_id),
        "kind": view.kind,
        "content": view.content,
        "input": view.input,
        "errors": view.errors,
        "root_view_id": format_id(VIEW_PREFIX, view.root_view_id),
        "previous_view_id": None if previous is None else format_id(VIEW_PREFIX, previous),
        "is_closed": view.closed_at is not None,
    }


async def _insert(
    connection: Connection,
    app: App,
    member_id: UUID,
    content: Mapping[str, Any],
    *,
    kind: ViewKind,
    below: View | None = None,
) -> View:
    kept = _complete(content, kind=kind)
    view_id, now = new_id(), datetime.now(UTC)
    view = View(
        view_id=view_id,
        slack_id=new_slack_id("V"),
        organisation_id=app.organisation_id,
        app_id=app.app_id,
        member_id=member_id,
        kind=kind,
        content=kept,
        input={},
        errors=None,
        hash=_new_hash(kept),
        external_id=_external_id(content),
        root_view_id=view_id if below is None else below.root_view_id,
        previous_view_id=None if below is None else below.view_id,
        created_at=now,
        updated_at=now,
        closed_at=None,
    )
    inserted = await store.view_insert(connection, view)
    if inserted is None:
        raise ExternalIdTakenError("The app shows another view with this `external_id`.", field="view.external_id")
    return inserted


def _complete(content: Mapping[str, Any], *, kind: ViewKind) -> dict[str, Any]:
    """Return what is kept of a view; its blocks get the ids by which clicks and inputs are sent back."""
    kept = check_view(content, kind=kind)
    try:
        blocks = complete_blocks(kept["blocks"], blocks_max=VIEW_BLOCKS_MAX)
    except InvalidBlocksError as error:
        message = f"{error.reason} [json-pointer:/view{error.pointer}]"
        raise InvalidViewError(message, field=f"view.{error.field}") from error
    return {**kept, "blocks": blocks or []}


async def _list_stack(connection: Connection, view: View) -> list[View]:
    found = await store.view_list_open(connection, app_id=view.app_id, member_id=view.member_id, limit=_OPEN_MAX)
    return [each for each in found if each.root_view_id == view.root_view_id]


async def _announce(connection: Connection, view: View, kind: str) -> None:
    await announce_to_members(connection, [view.member_id], {"type": kind, "view": encode_view(view)})


def _external_id(content: Mapping[str, Any]) -> str | None:
    found = content.get("external_id")
    return found[:255] if isinstance(found, str) and found else None


def _new_hash(content: Mapping[str, Any]) -> str:
    return new_hash(content, moment=f"{datetime.now(UTC).timestamp():.6f}")


def _not_found() -> ViewNotFoundError:
    return ViewNotFoundError("There is no such view, or it is closed.", field="view_id", remedy="List the open views.")
