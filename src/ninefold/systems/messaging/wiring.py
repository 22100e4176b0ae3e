"""The definition of the system: everything that the composition root needs for messaging."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.blobs import Blobs
from ninefold.core.egress import AddressPolicy
from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.site import Site
from ninefold.systems.messaging.commands import COMMANDS
from ninefold.systems.messaging.jobs.app_event_keeper import AppEventKeeper
from ninefold.systems.messaging.jobs.unshared_files import DELETE_UNSHARED_HANDLER, DELETE_UNSHARED_HOURLY
from ninefold.systems.messaging.routes import MESSAGING_ROUTES
from ninefold.systems.messaging.service import metrics
from ninefold.systems.messaging.service.apps.signing_secrets import SIGNING_SECRETS
from ninefold.systems.messaging.service.feeds import messaging_feeds
from ninefold.systems.messaging.service.tokens import TOKEN_KINDS
from ninefold.systems.messaging.settings import MessagingSettings, read_messaging_settings
from ninefold.systems.messaging.slack.events.http_sender import AppRequestSender
from ninefold.systems.messaging.slack.surfaces import slack_surfaces
from ninefold.systems.messaging.store.app_events import app_event_count_waiting


def _routes(context: ServerContext[MessagingSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_sealer() -> Sealer:
        return context.sealer

    def provide_egress_policy() -> AddressPolicy:
        return context.egress_policy

    def provide_blobs() -> Blobs:
        return context.blobs

    def provide_site() -> Site:
        return context.site

    def provide_settings() -> MessagingSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=MESSAGING_ROUTES,
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "sealer": Provide(provide_sealer, sync_to_thread=False),
                "egress_policy": Provide(provide_egress_policy, sync_to_thread=False),
                "site": Provide(provide_site, sync_to_thread=False),
                "blobs": Provide(provide_blobs, sync_to_thread=False),
                "messaging_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _feeds(context: ServerContext[MessagingSettings]) -> Sequence[Feed]:
    return messaging_feeds(context.database)


def _server_tasks(context: ServerContext[MessagingSettings]) -> Sequence[WorkerTask]:
    return [AppEventKeeper(context.database, context.notifier)]


def _worker_tasks(context: WorkerContext[MessagingSettings]) -> Sequence[WorkerTask]:
    counts = [(metrics.APP_EVENTS_WAITING, app_event_count_waiting)]
    return [AppRequestSender(context), BacklogCounter("messaging.backlog", context.database, counts)]


SYSTEM: Final[System[MessagingSettings]] = System(
    name="messaging",
    migrations=MigrationSource(namespace="messaging", package="ninefold.systems.messaging"),
    read_settings=read_messaging_settings,
    routes=_routes,
    surfaces=slack_surfaces,
    feeds=_feeds,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    job_handlers=(DELETE_UNSHARED_HANDLER,),
    schedules=(DELETE_UNSHARED_HOURLY,),
    commands=COMMANDS,
    credential_kinds=TOKEN_KINDS,
    sealed_columns=(SIGNING_SECRETS,),
    erase=SchemaErasure(
        schema="messaging",
        links={
            "event": Link("channel_id", "channel"),
            "mention": Link("member_id", "member"),
            "sent": Link("member_id", "member"),
        },
    ),
)
