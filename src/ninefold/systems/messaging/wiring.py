"""The definition of the system: everything that the composition root needs for messaging."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.blobs import Blobs
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System
from ninefold.systems.messaging.commands import COMMANDS
from ninefold.systems.messaging.jobs.unshared_files import DELETE_UNSHARED_HANDLER, DELETE_UNSHARED_HOURLY
from ninefold.systems.messaging.routes import MESSAGING_ROUTES
from ninefold.systems.messaging.service.feeds import messaging_feeds
from ninefold.systems.messaging.service.tokens import TOKEN_KINDS
from ninefold.systems.messaging.settings import MessagingSettings, read_messaging_settings
from ninefold.systems.messaging.slack.surfaces import slack_surfaces


def _routes(context: ServerContext[MessagingSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_blobs() -> Blobs:
        return context.blobs

    def provide_settings() -> MessagingSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=MESSAGING_ROUTES,
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "blobs": Provide(provide_blobs, sync_to_thread=False),
                "messaging_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _feeds(context: ServerContext[MessagingSettings]) -> Sequence[Feed]:
    return messaging_feeds(context.database)


SYSTEM: Final = System(
    name="messaging",
    migrations=MigrationSource(namespace="messaging", package="ninefold.systems.messaging"),
    read_settings=read_messaging_settings,
    routes=_routes,
    surfaces=slack_surfaces,
    feeds=_feeds,
    job_handlers=(DELETE_UNSHARED_HANDLER,),
    schedules=(DELETE_UNSHARED_HOURLY,),
    commands=COMMANDS,
    credential_kinds=TOKEN_KINDS,
)
