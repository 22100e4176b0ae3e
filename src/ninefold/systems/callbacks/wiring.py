"""The definition of the system: everything that the composition root needs to receive callbacks."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.contracts.webhooks import FORWARD_OWNER
from ninefold.core.contracts import Implementation
from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.live import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.callbacks.checks import check_public_url
from ninefold.systems.callbacks.commands import COMMANDS
from ninefold.systems.callbacks.jobs import metrics
from ninefold.systems.callbacks.jobs.replay import REPLAY_HANDLER
from ninefold.systems.callbacks.jobs.retention import DELETE_EXPIRED_HANDLER, DELETE_EXPIRED_HOURLY
from ninefold.systems.callbacks.jobs.reverify import REVERIFY_HANDLER
from ninefold.systems.callbacks.jobs.verifier import Verifier
from ninefold.systems.callbacks.routes.callback_jobs import CALLBACK_JOB_ROUTES
from ninefold.systems.callbacks.routes.callbacks import CALLBACK_ROUTES
from ninefold.systems.callbacks.routes.inbox import Inbox
from ninefold.systems.callbacks.routes.ingest import INGEST_PATH, Ingest
from ninefold.systems.callbacks.routes.providers import PROVIDER_ROUTES
from ninefold.systems.callbacks.routes.source_cache import SourceCache
from ninefold.systems.callbacks.routes.sources import SOURCE_ROUTES
from ninefold.systems.callbacks.service.changes import make_feeds
from ninefold.systems.callbacks.service.configurations import CONFIGURATIONS
from ninefold.systems.callbacks.service.forwarding import Forwarding, ForwardingSources
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery
from ninefold.systems.callbacks.settings import CallbacksSettings, read_callbacks_settings
from ninefold.systems.callbacks.store.callbacks import callback_count_received


def _routes(context: ServerContext[CallbacksSettings]) -> Sequence[ControllerRouterHandler]:
    webhook_delivery = WebhookDelivery.find(context.implementations)
    forwarding = Forwarding(
        forwarder=webhook_delivery.forwarder, egress_policy=context.egress_policy, sealer=context.sealer
    )

    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> CallbacksSettings:
        return context.settings

    def provide_sealer() -> Sealer:
        return context.sealer

    def provide_webhook_delivery() -> WebhookDelivery:
        return webhook_delivery

    def provide_forwarding() -> Forwarding:
        return forwarding

    return [
        Router(
            path="/",
            route_handlers=[*PROVIDER_ROUTES, *SOURCE_ROUTES, *CALLBACK_ROUTES, *CALLBACK_JOB_ROUTES],
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "callbacks_settings": Provide(provide_settings, sync_to_thread=False),
                "webhook_delivery": Provide(provide_webhook_delivery, sync_to_thread=False),
                "sealer": Provide(provide_sealer, sync_to_thread=False),
                "forwarding": Provide(provide_forwarding, sync_to_thread=False),
            },
        )
    ]


def _surfaces(context: ServerContext[CallbacksSettings]) -> Sequence[Surface]:
    sources = SourceCache(context.database, context.sealer)
    ingest = Ingest(Inbox(context.database, context.notifier), sources, context.settings)
    return [Surface(path=INGEST_PATH, application=ingest, has_own_methods=True)]


def _feeds(_: ServerContext[CallbacksSettings]) -> Sequence[Feed]:
    return make_feeds()


def _worker_tasks(context: WorkerContext[CallbacksSettings]) -> Sequence[WorkerTask]:
    return [
        Verifier(context),
        BacklogCounter("callbacks.backlog", context.database, [(metrics.WAITING, callback_count_received)]),
    ]


SYSTEM: Final = System(
    name="callbacks",
    migrations=MigrationSource(namespace="callbacks", package="ninefold.systems.callbacks"),
    read_settings=read_callbacks_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    worker_tasks=_worker_tasks,
    job_handlers=(REVERIFY_HANDLER, REPLAY_HANDLER, DELETE_EXPIRED_HANDLER),
    schedules=(DELETE_EXPIRED_HOURLY,),
    commands=COMMANDS,
    checks=(check_public_url,),
    sealed_columns=(CONFIGURATIONS,),
    implements=(Implementation(FORWARD_OWNER, ForwardingSources()),),
    erase=SchemaErasure(schema="callbacks", links={"dedupe_key": Link("source_id", "source")}),
)
