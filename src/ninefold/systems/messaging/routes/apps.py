"""The HTTP routes for apps, what they are told, their slash commands and their incoming webhooks."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.egress import AddressPolicy
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.ids import parse_body_id
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.site import Site
from ninefold.systems.messaging.model import APP_PREFIX, CHANNEL_PREFIX, AppEventState
from ninefold.systems.messaging.routes.app_wire import (
    AppDetailsView,
    AppEventView,
    AppView,
    CommandList,
    CreateApp,
    CreatedAppView,
    CreatedIncomingWebhookView,
    CreateIncomingWebhook,
    IncomingWebhookList,
    IncomingWebhookView,
    UpdateApp,
    show_app,
    show_app_details,
    show_app_event,
    show_command,
    show_created_app,
    webhook_fields,
)
from ninefold.systems.messaging.routes.wire import READS, TAGS, AppId, WebhookId
from ninefold.systems.messaging.service.apps import incoming_webhooks
from ninefold.systems.messaging.service.apps import registry as service
from ninefold.systems.messaging.service.apps.delivery import count_connections
from ninefold.systems.messaging.service.apps.events import list_app_events, notify_apps
from ninefold.systems.messaging.service.apps.settings import list_commands, update_app
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.members import get_bot
from ninefold.systems.messaging.service.notifying import notify_organisation
from ninefold.systems.messaging.service.workspaces import ensure_workspace

_APPS: Final = "/api/v1/messaging/apps"
_APP: Final = f"{_APPS}/{{app_id:str}}"

_app_list = PagedList("messaging_apps", UUID)
_event_list = PagedList("messaging_app_events", UUID)


@post(_APPS, tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_messaging_app(
    *,
    data: FromBody[CreateApp],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    sealer: NamedDependency[Sealer],
    egress_policy: NamedDependency[AddressPolicy],
    site: NamedDependency[Site],
    audit: NamedDependency[AuditEntry],
) -> CreatedAppView:
    """Create an app.

    With its bot, who is in `general` then. Only this response has its tokens and its secret. Without a request URL, it
    connects in Socket Mode.
    """
    organisation_id = principal.organisation_id
    async with database.transaction() as connection:
        workspace = await ensure_workspace(connection, organisation_id=organisation_id)
        created = await service.create_app(
            connection, sealer, organisation_id=organisation_id, name=data.name, scopes=data.scopes
        )
        app = await update_app(
            connection, egress_policy, created.app, changes=data.changes, base_url=site.base_url(request)
        )
        commands = await list_commands(connection, organisation_id=organisation_id, app=app)
        audit.target_id = format_id(APP_PREFIX, app.app_id)
    notify_organisation(notifier, organisation_id)
    notify_apps(notifier, [app.app_id])
    return show_created_app(created, app, workspace, commands=commands)


@get(_APPS, tags=TAGS)
async def list_messaging_apps(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[AppView]:
    """List apps.

    Oldest first, without their secrets.
    """
    query = _app_list.query(cursor, limit)
    async with database.snapshot() as connection:
        found = await service.list_apps(
            connection, organisation_id=principal.organisation_id, after=query.position, limit=query.rows_max
        )
    return query.page(found, position_of=lambda each: each.app_id, show=show_app)


@get(_APP, tags=TAGS)
async def get_messaging_app(
    app_id: FromPath[AppId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> AppDetailsView:
    """Show an app.

    With its commands and how many connections it has, without its secrets.
    """
    async with database.snapshot() as connection:
        app = await service.get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        commands = await list_commands(connection, organisation_id=principal.organisation_id, app=app)
        connections = await count_connections(connection, app)
        bot = await get_bot(connection, app)
    return show_app_details(app, bot, commands=commands, connections=connections)


@patch(_APP, tags=TAGS, responses=problem_responses(409))
async def update_messaging_app(
    *,
    app_id: FromPath[AppId],
    data: FromBody[UpdateApp],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    egress_policy: NamedDependency[AddressPolicy],
    site: NamedDependency[Site],
) -> AppDetailsView:
    """Change how an app is told what happens, or disable it.

    A new request URL is sent a challenge. It is used once it has answered; `request_url_state` says whether it has. The
    same URL again is another challenge, if it hasn't answered yet. A disabled app is told nothing, and can do nothing.
    """
    async with database.transaction() as connection:
        found = await service.get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        app = await update_app(connection, egress_policy, found, changes=data.changes, base_url=site.base_url(request))
        commands = await list_commands(connection, organisation_id=principal.organisation_id, app=app)
        connections = await count_connections(connection, app)
        bot = await get_bot(connection, app)
    notify_apps(notifier, [app.app_id])
    notify_organisation(notifier, principal.organisation_id)
    return show_app_details(app, bot, commands=commands, connections=connections)


@get(f"{_APP}/events", tags=TAGS)
async def list_messaging_app_events(
    *,
    app_id: FromPath[AppId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    in_state: Annotated[AppEventState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[AppEventView]:
    """List what an app is told.

    Latest first, with its state. Delivered events are listed for a day, and failed ones for a week.
    """
    query = _event_list.query(cursor, limit)
    async with database.snapshot() as connection:
        app = await service.get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        found = await list_app_events(connection, app, before=query.position, state=in_state, limit=query.rows_max)
    return query.page(found, position_of=lambda each: each.app_event_id, show=show_app_event)


@get("/api/v1/messaging/commands", tags=TAGS, opt=READS)
async def list_messaging_commands(
    principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> CommandList:
    """List the slash commands of all apps."""
    async with database.snapshot() as connection:
        found = await list_commands(connection, organisation_id=principal.organisation_id)
    return CommandList(items=[show_command(each) for each in found])


@post(f"{_APP}/webhooks", tags=TAGS, status_code=201, responses=problem_responses(409))
async def create_incoming_webhook(
    *,
    app_id: FromPath[AppId],
    data: FromBody[CreateIncomingWebhook],
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    site: NamedDependency[Site],
) -> CreatedIncomingWebhookView:
    """Create an incoming webhook.

    An address at which the app posts in a channel, without a token. Only this response has it.
    """
    organisation_id = principal.organisation_id
    channel_id = parse_body_id(CHANNEL_PREFIX, data.channel_id, field="channel_id")
    async with database.transaction() as connection:
        app = await service.get_app(connection, organisation_id=organisation_id, app_id=app_id)
        channel = await get_channel(connection, organisation_id=organisation_id, channel_id=channel_id)
        workspace = await ensure_workspace(connection, organisation_id=organisation_id)
        webhook, secret = await incoming_webhooks.create_webhook(connection, app, channel)
    path = f"/slack/services/{workspace.slack_id}/{webhook.slack_id}/{secret}"
    return CreatedIncomingWebhookView(
        **webhook_fields(webhook, channel_id=data.channel_id), url=f"{site.base_url(request)}{path}"
    )


@get(f"{_APP}/webhooks", tags=TAGS)
async def list_incoming_webhooks(
    app_id: FromPath[AppId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> IncomingWebhookList:
    """List the incoming webhooks of an app.

    Without their addresses, and without those that were revoked.
    """
    async with database.snapshot() as connection:
        app = await service.get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        found = await incoming_webhooks.list_webhooks(connection, app)
    return IncomingWebhookList(
        items=[
            IncomingWebhookView(**webhook_fields(each, channel_id=format_id(CHANNEL_PREFIX, each.channel_id)))
            for each in found
        ]
    )


@delete(f"{_APP}/webhooks/{{webhook_id:str}}", tags=TAGS)
async def revoke_incoming_webhook(
    app_id: FromPath[AppId],
    webhook_id: FromPath[WebhookId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Revoke an incoming webhook.

    Its address is refused from now on. This can't be undone.
    """
    async with database.transaction() as connection:
        app = await service.get_app(connection, organisation_id=principal.organisation_id, app_id=app_id)
        await incoming_webhooks.revoke_webhook(connection, app, webhook_id=webhook_id)


APP_ROUTES: Final[list[HTTPRouteHandler]] = [
    create_messaging_app,
    list_messaging_apps,
    get_messaging_app,
    update_messaging_app,
    list_messaging_app_events,
    list_messaging_commands,
    create_incoming_webhook,
    list_incoming_webhooks,
    revoke_incoming_webhook,
]
