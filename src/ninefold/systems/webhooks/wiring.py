"""The definition of the system: everything that the composition root needs to run webhook delivery."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Router
from litestar.di import Provide

from ninefold.contracts.webhooks import EVENT_PUBLISHER, FORWARD_OWNER, REQUEST_FORWARDER, ForwardOwner
from ninefold.core.contracts import Implementation
from ninefold.core.egress import AddressPolicy
from ninefold.core.exports import Export
from ninefold.core.live import Feed
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter, Counts
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.api_authentication import BEARER_KINDS
from ninefold.core.web.direct_routes import ApiRoute
from ninefold.core.web.known_principals import KnownPrincipals
from ninefold.systems.webhooks.checks import check_in_flight, check_partitions
from ninefold.systems.webhooks.commands import COMMANDS
from ninefold.systems.webhooks.jobs import metrics
from ninefold.systems.webhooks.jobs.alert_evaluator import AlertEvaluator
from ninefold.systems.webhooks.jobs.alert_messages import ALERT_MESSAGE_HANDLERS
from ninefold.systems.webhooks.jobs.alert_retention import DELETE_OLD_ALERTS_HANDLER, DELETE_OLD_ALERTS_HOURLY
from ninefold.systems.webhooks.jobs.cancellation import CANCEL_DELIVERIES_HANDLER
from ninefold.systems.webhooks.jobs.dispatcher import Dispatcher
from ninefold.systems.webhooks.jobs.figure_retention import DELETE_OLD_FIGURES_HANDLER, DELETE_OLD_FIGURES_HOURLY
from ninefold.systems.webhooks.jobs.partitions import KEEP_PARTITIONS_HANDLER, KEEP_PARTITIONS_HOURLY, PartitionMaker
from ninefold.systems.webhooks.jobs.queue_depths import RECOUNT_QUEUES_HANDLER, RECOUNT_QUEUES_HOURLY, QueueDepths
from ninefold.systems.webhooks.jobs.replays import REPLAY_HANDLERS
from ninefold.systems.webhooks.routes.alerts import ALERT_ROUTES
from ninefold.systems.webhooks.routes.blocked_keys import BLOCKED_KEY_ROUTES
from ninefold.systems.webhooks.routes.deliveries import DELIVERY_ROUTES
from ninefold.systems.webhooks.routes.direct_publishing import DirectPublishing
from ninefold.systems.webhooks.routes.events import EVENT_ROUTES
from ninefold.systems.webhooks.routes.figures import FIGURE_ROUTES
from ninefold.systems.webhooks.routes.metrics import METRICS_ROUTES
from ninefold.systems.webhooks.routes.replays import REPLAY_ROUTES
from ninefold.systems.webhooks.routes.retention import RETENTION_ROUTES
from ninefold.systems.webhooks.routes.searches import SEARCH_ROUTES
from ninefold.systems.webhooks.routes.subscriptions import SUBSCRIPTION_ROUTES
from ninefold.systems.webhooks.service.admission import AdmissionControl
from ninefold.systems.webhooks.service.changes import make_feeds
from ninefold.systems.webhooks.service.event_publisher import WebhooksEventPublisher
from ninefold.systems.webhooks.service.forwarding import WebhooksRequestForwarder
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.service.shared_publishing import SharedPublishing
from ninefold.systems.webhooks.service.signing_secrets import SIGNING_SECRETS
from ninefold.systems.webhooks.settings import WebhooksSettings, read_webhooks_settings
from ninefold.systems.webhooks.store.circuits import circuit_count_open, circuit_release
from ninefold.systems.webhooks.store.deliveries import delivery_count_retrying, delivery_count_waiting, delivery_release
from ninefold.systems.webhooks.store.events import event_release
from ninefold.systems.webhooks.store.exports import export_list_events, export_list_subscriptions
from ninefold.systems.webhooks.store.ordering import ordered_delivery_count_blocked


def _routes(context: ServerContext[WebhooksSettings]) -> Sequence[ApiRoute]:
    recipient_cache = RecipientCache()
    admission_control = AdmissionControl(context.database, context.settings.queue_limits)
    publishing = SharedPublishing(context.database, context.notifier, recipient_cache, admission_control)

    def provide_publishing() -> SharedPublishing:
        return publishing

    def provide_admission_control() -> AdmissionControl:
        return admission_control

    def provide_recipient_cache() -> RecipientCache:
        return recipient_cache

    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> WebhooksSettings:
        return context.settings

    forward_owner = context.implementations.find(FORWARD_OWNER)

    def provide_forward_owner() -> ForwardOwner:
        return forward_owner

    def provide_sealer() -> Sealer:
        return context.sealer

    def provide_egress_policy() -> AddressPolicy:
        return context.egress_policy

    return [
        DirectPublishing(publishing, KnownPrincipals(context.database, kinds=BEARER_KINDS)).route(),
        Router(
            path="/",
            route_handlers=[
                *SUBSCRIPTION_ROUTES,
                *EVENT_ROUTES,
                *DELIVERY_ROUTES,
                *BLOCKED_KEY_ROUTES,
                *SEARCH_ROUTES,
                *REPLAY_ROUTES,
                *FIGURE_ROUTES,
                *METRICS_ROUTES,
                *ALERT_ROUTES,
                *RETENTION_ROUTES,
            ],
            dependencies={
                "recipient_cache": Provide(provide_recipient_cache, sync_to_thread=False),
                "admission_control": Provide(provide_admission_control, sync_to_thread=False),
                "publishing": Provide(provide_publishing, sync_to_thread=False),
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "forward_owner": Provide(provide_forward_owner, sync_to_thread=False),
                "sealer": Provide(provide_sealer, sync_to_thread=False),
                "egress_policy": Provide(provide_egress_policy, sync_to_thread=False),
                "webhooks_settings": Provide(provide_settings, sync_to_thread=False),
            },
        ),
    ]


def _worker_tasks(context: WorkerContext[WebhooksSettings]) -> Sequence[WorkerTask]:
    counts: Counts = [
        (metrics.DELIVERIES_RETRYING, delivery_count_retrying),
        (metrics.DELIVERIES_WAITING, delivery_count_waiting),
        (metrics.CIRCUITS_OPEN, circuit_count_open),
        (metrics.ORDERING_KEYS_BLOCKED, ordered_delivery_count_blocked),
    ]
    return [
        Dispatcher(context),
        QueueDepths(context),
        BacklogCounter("webhooks.backlog", context.database, counts),
        AlertEvaluator(context),
        PartitionMaker(context.database, context.settings),
    ]


def _server_tasks(context: ServerContext[WebhooksSettings]) -> Sequence[WorkerTask]:
    return [PartitionMaker(context.database, context.settings)]


def _feeds(_: ServerContext[WebhooksSettings]) -> Sequence[Feed]:
    return make_feeds()


async def _release_leases(connection: Connection, worker_ids: Sequence[UUID]) -> None:
    await event_release(connection, worker_ids=worker_ids)
    await delivery_release(connection, worker_ids=worker_ids)
    await circuit_release(connection, worker_ids=worker_ids)


SYSTEM: Final = System(
    name="webhooks",
    migrations=MigrationSource(namespace="webhooks", package="ninefold.systems.webhooks"),
    read_settings=read_webhooks_settings,
    routes=_routes,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    feeds=_feeds,
    release_leases=_release_leases,
    job_handlers=(
        CANCEL_DELIVERIES_HANDLER,
        DELETE_OLD_FIGURES_HANDLER,
        DELETE_OLD_ALERTS_HANDLER,
        KEEP_PARTITIONS_HANDLER,
        RECOUNT_QUEUES_HANDLER,
        *ALERT_MESSAGE_HANDLERS,
        *REPLAY_HANDLERS,
    ),
    schedules=(DELETE_OLD_FIGURES_HOURLY, DELETE_OLD_ALERTS_HOURLY, KEEP_PARTITIONS_HOURLY, RECOUNT_QUEUES_HOURLY),
    commands=COMMANDS,
    checks=(check_in_flight,),
    database_checks=(check_partitions,),
    exports=(
        Export(name="subscriptions", read=export_list_subscriptions),
        Export(name="events", read=export_list_events),
    ),
    sealed_columns=(SIGNING_SECRETS,),
    implements=(
        Implementation(EVENT_PUBLISHER, WebhooksEventPublisher()),
        Implementation(REQUEST_FORWARDER, WebhooksRequestForwarder()),
    ),
)
