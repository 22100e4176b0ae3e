"""`views.open`, `views.push`, `views.update` and `views.publish`."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from litestar import route
from litestar.types import ControllerRouterHandler

from ninefold.core.errors import InvalidInputError
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.messaging.errors import MemberNotFoundError
from ninefold.systems.messaging.model import App, View
from ninefold.systems.messaging.service.apps import views as service
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.members import list_members_by_slack_ids
from ninefold.systems.messaging.service.notifying import notify_members
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.arguments import read_arguments
from ninefold.systems.messaging.slack.callers import find_caller
from ninefold.systems.messaging.slack.errors import TokenKindError
from ninefold.systems.messaging.slack.events.interactions import show_view

BODY_SIZE_MAX = 1024 * 1024

_Do: TypeAlias = Callable[[Connection, App], Awaitable[View]]


class OpenView(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `views.open` and `views.push`."""

    view: dict[str, Any]
    trigger_id: str = ""


class UpdateView(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `views.update`."""

    view: dict[str, Any]
    view_id: str | None = None
    external_id: str | None = None
    hash: str | None = None


class PublishView(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `views.publish`."""

    view: dict[str, Any]
    user_id: str
    hash: str | None = None


def view_routes(database: Database, notifier: Notifier) -> list[ControllerRouterHandler]:
    """Return the routes."""

    async def answer(principal: Principal, do: _Do) -> dict[str, Any]:
        async with database.transaction() as connection:
            app = await _find_app(connection, principal)
            view = await do(connection, app)
            workspace = await ensure_workspace(connection, organisation_id=app.organisation_id)
            shown = await show_view(connection, view, app=app, team_id=workspace.slack_id)
        notify_members(notifier, [view.member_id])
        return {"ok": True, "view": shown}

    @route("/slack/api/views.open", http_method=["GET", "POST"], status_code=200, request_max_body_size=BODY_SIZE_MAX)
    async def open_view(request: RawRequest) -> dict[str, Any]:
        """Open a modal for the member whose action the trigger is of."""
        given = await read_arguments(request, OpenView)
        return await answer(
            request.auth,
            lambda connection, app: service.open_view(connection, app, trigger=given.trigger_id, content=given.view),
        )

    @route("/slack/api/views.push", http_method=["GET", "POST"], status_code=200, request_max_body_size=BODY_SIZE_MAX)
    async def push_view(request: RawRequest) -> dict[str, Any]:
        """Show a modal on top of the one that is open."""
        given = await read_arguments(request, OpenView)
        return await answer(
            request.auth,
            lambda connection, app: service.push_view(connection, app, trigger=given.trigger_id, content=given.view),
        )

    @route("/slack/api/views.update", http_method=["GET", "POST"], status_code=200, request_max_body_size=BODY_SIZE_MAX)
    async def update_view(request: RawRequest) -> dict[str, Any]:
        """Replace what a view shows."""
        given = await read_arguments(request, UpdateView)
        if given.view_id is None and given.external_id is None:
            raise InvalidInputError("Which view?", field="view_id", remedy="Send its `view_id` or its `external_id`.")

        async def update(connection: Connection, app: App) -> View:
            found = await service.get_view_of_app(
                connection, app, slack_id=given.view_id, external_id=given.external_id
            )
            return await service.update_view(connection, found, content=given.view, seen_hash=given.hash)

        return await answer(request.auth, update)

    @route(
        "/slack/api/views.publish", http_method=["GET", "POST"], status_code=200, request_max_body_size=BODY_SIZE_MAX
    )
    async def publish_view(request: RawRequest) -> dict[str, Any]:
        """Show the home tab of the app to a member."""
        given = await read_arguments(request, PublishView)

        async def publish(connection: Connection, app: App) -> View:
            found = await list_members_by_slack_ids(
                connection, organisation_id=app.organisation_id, slack_ids=[given.user_id]
            )
            if not found:
                raise MemberNotFoundError("There is no such member.", field="user_id")
            return await service.publish_home(connection, app, found[0], content=given.view, seen_hash=given.hash)

        return await answer(request.auth, publish)

    return [open_view, push_view, update_view, publish_view]


async def _find_app(connection: Connection, principal: Principal) -> App:
    member = await find_caller(connection, principal)
    if member.app_id is None:
        raise TokenKindError("Only apps have views.", remedy="Use the token of a bot, `xoxb-…`.")
    return await get_app(connection, organisation_id=member.organisation_id, app_id=member.app_id)
