"""The HTTP routes by which members use apps: slash commands, clicks, views and home tabs.

The app answers later. Members see its answers on their own live channels: `ephemeral`, `view_opened`, `view_pushed`,
`view_updated`, `view_closed`, and `app_failed`.
"""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.routes.finding import find_to_act, find_view, find_view_to_read
from ninefold.systems.messaging.routes.interaction_wire import (
    AppPageList,
    AppPageView,
    AskedView,
    CloseView,
    HomeView,
    SendAction,
    SendCommand,
    SubmitView,
    show_asked,
    show_view,
)
from ninefold.systems.messaging.routes.wire import (
    ACTS,
    READS,
    TAGS,
    ActForMember,
    AppId,
    ChannelId,
    MemberId,
    SequenceInPath,
    ViewId,
)
from ninefold.systems.messaging.service.apps import asking, views
from ninefold.systems.messaging.service.apps.events import notify_apps
from ninefold.systems.messaging.service.apps.registry import get_app
from ninefold.systems.messaging.service.channels import open_conversation
from ninefold.systems.messaging.service.joining import get_membership
from ninefold.systems.messaging.service.members import get_acting_member, get_bot
from ninefold.systems.messaging.service.notifying import notify_members
from ninefold.systems.messaging.service.sending import get_message

_CHANNEL: Final = "/api/v1/messaging/channels/{channel_id:str}"
_VIEW: Final = "/api/v1/messaging/views/{view_id:str}"


@post(f"{_CHANNEL}/commands", tags=TAGS, opt=ACTS, status_code=202, responses=problem_responses(403, 409))
async def send_messaging_command(
    *,
    channel_id: FromPath[ChannelId],
    data: FromBody[SendCommand],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> AskedView:
    """Send a slash command to its app.

    The answer comes over the member's live channel, or as a message in the channel.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
        await get_membership(connection, channel, member.member_id)
        app, asked = await asking.send_command(
            connection, channel=channel, member=member, command=data.command, text=data.text
        )
    notify_apps(notifier, [app.app_id])
    return show_asked(asked)


@post(
    f"{_CHANNEL}/messages/{{sequence:int}}/actions",
    tags=TAGS,
    opt=ACTS,
    status_code=202,
    responses=problem_responses(409),
)
async def send_message_action(
    *,
    channel_id: FromPath[ChannelId],
    sequence: FromPath[SequenceInPath],
    data: FromBody[SendAction],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> AskedView:
    """Send a click in a message to its app.

    The app usually answers by changing the message.
    """
    async with database.transaction() as connection:
        channel, member = await find_to_act(connection, principal, channel_id=channel_id, member_id=data.acting_id)
        message = await get_message(connection, channel, sequence)
        app, asked = await asking.send_message_action(
            connection, channel=channel, member=member, message=message, action=data.action
        )
    notify_apps(notifier, [app.app_id])
    return show_asked(asked)


@get("/api/v1/messaging/views", tags=TAGS, opt=READS, responses=problem_responses(404, 422))
async def list_messaging_views(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    member_id: FromQuery[MemberId | None] = None,
) -> AppPageList:
    """List the modals that are open.

    Those that apps show to the member, the one on top first: for a page that was loaded again.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=member_id)
        found = await views.list_open_views(connection, member=member)
    return AppPageList(items=[show_view(each) for each in found])


@get(_VIEW, tags=TAGS, opt=READS)
async def get_messaging_view(
    view_id: FromPath[ViewId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> AppPageView:
    """Show a view.

    As its member sees it.
    """
    async with database.transaction() as connection:
        view = await find_view_to_read(connection, principal, view_id)
    return show_view(view)


@post(f"{_VIEW}/submit", tags=TAGS, opt=ACTS, status_code=202, responses=problem_responses(409))
async def submit_messaging_view(
    *,
    view_id: FromPath[ViewId],
    data: FromBody[SubmitView],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> AskedView:
    """Submit a modal.

    The app then closes it, changes it, or says what is wrong with the input.
    """
    async with database.transaction() as connection:
        view, app, _ = await find_view(connection, principal, view_id=view_id, member_id=data.acting_id)
        asked = await views.submit_view(connection, app, view, data.values)
    notify_apps(notifier, [app.app_id])
    return show_asked(asked)


@post(f"{_VIEW}/actions", tags=TAGS, opt=ACTS, status_code=202, responses=problem_responses(409))
async def send_view_action(
    *,
    view_id: FromPath[ViewId],
    data: FromBody[SendAction],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> AskedView:
    """Send a click in a view to its app.

    The app usually answers by changing the view.
    """
    async with database.transaction() as connection:
        view, app, _ = await find_view(connection, principal, view_id=view_id, member_id=data.acting_id)
        asked = await asking.send_view_action(connection, app, view, action=data.action)
    notify_apps(notifier, [app.app_id])
    return show_asked(asked)


@post(f"{_VIEW}/close", tags=TAGS, opt=ACTS, status_code=200)
async def close_messaging_view(
    *,
    view_id: FromPath[ViewId],
    data: FromBody[CloseView],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> AppPageView:
    """Close a modal without submitting it.

    A modal that is closed already stays so.
    """
    async with database.transaction() as connection:
        view, app, member = await find_view(connection, principal, view_id=view_id, member_id=data.acting_id)
        await views.close_view(connection, app, view, is_whole_stack=data.is_whole_stack)
        view = await views.get_view(connection, organisation_id=principal.organisation_id, view_id=view_id)
    notify_members(notifier, [member.member_id])
    notify_apps(notifier, [app.app_id])
    return show_view(view)


@post("/api/v1/messaging/apps/{app_id:str}/home", tags=TAGS, opt=ACTS, status_code=200)
async def open_messaging_home(
    *,
    app_id: FromPath[AppId],
    data: FromBody[ActForMember],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> HomeView:
    """Open the home tab of an app.

    The app is told, and can publish another one, which comes over the member's live channel.
    """
    async with database.transaction() as connection:
        app = await get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        member = await get_acting_member(connection, principal, member_id=data.acting_id)
        bot = await get_bot(connection, app)
    direct, _ = await open_conversation(database, notifier, opener=member, others=[bot])
    async with database.transaction() as connection:
        home, told = await asking.open_home(connection, app, member, direct=direct)
    notify_apps(notifier, told)
    return HomeView(view=None if home is None else show_view(home))


INTERACTION_ROUTES: Final[list[HTTPRouteHandler]] = [
    send_messaging_command,
    send_message_action,
    list_messaging_views,
    get_messaging_view,
    submit_messaging_view,
    send_view_action,
    close_messaging_view,
    open_messaging_home,
]
