"""The definition of the system: everything that the composition root needs for messaging."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.egress import AddressPolicy
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import NoSettings, ServerContext, System, WorkerContext, WorkerTask
from ninefold.systems.messaging.commands import COMMANDS
from ninefold.systems.messaging.jobs.app_event_keeper import AppEventKeeper
from ninefold.systems.messaging.routes import MESSAGING_ROUTES
from ninefold.systems.messaging.service.feeds import messaging_feeds
from ninefold.systems.messaging.service.tokens import TOKEN_KINDS
from ninefold.systems.messaging.slack.events.http_sender import AppRequestSender
from ninefold.systems.messaging.slack.surfaces import slack_surfaces


def _routes(context: ServerContext[NoSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_egress_policy() -> AddressPolicy:
        return context.egress_policy

    return [
        Router(
            path="/",
            route_handlers=MESSAGING_ROUTES,
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "egress_policy": Provide(provide_egress_policy, sync_to_thread=False),
            },
        )
    ]


def _feeds(context: ServerContext[NoSettings]) -> Sequence[Feed]:
    return messaging_feeds(context.database)


def _server_tasks(context: ServerContext[NoSettings]) -> Sequence[WorkerTask]:
    return [AppEventKeeper(context.database, context.notifier)]


def _worker_tasks(context: WorkerContext[NoSettings]) -> Sequence[WorkerTask]:
    return [AppRequestSender(context)]


SYSTEM: Final[System[NoSettings]] = System(
    name="messaging",
    migrations=MigrationSource(namespace="messaging", package="ninefold.systems.messaging"),
    routes=_routes,
    surfaces=slack_surfaces,
    feeds=_feeds,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    commands=COMMANDS,
    credential_kinds=TOKEN_KINDS,
)
