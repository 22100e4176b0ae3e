"""The definition of the system: everything that the composition root needs for payments."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import NamedDependency, Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.clock import Clock, SystemClock
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.commands import COMMANDS
from ninefold.systems.payments.jobs.expiry import EXPIRE_EVERY_MINUTE, EXPIRE_HANDLER
from ninefold.systems.payments.jobs.inquiries import InquiryTask
from ninefold.systems.payments.jobs.ledger import AUDIT_HANDLER, SEAL_EVERY_MINUTE, SEAL_HANDLER
from ninefold.systems.payments.jobs.retention import DELETE_OLD_HANDLER, DELETE_OLD_HOURLY
from ninefold.systems.payments.jobs.settlement import SETTLEMENT_HANDLERS, SETTLEMENT_SCHEDULES
from ninefold.systems.payments.processors.opening import open_processors, open_simulator
from ninefold.systems.payments.processors.simulator.process import PROCESSES
from ninefold.systems.payments.routes.ledger import LEDGER_ROUTES
from ninefold.systems.payments.routes.merchant_keys import MERCHANT_KEY_ROUTES
from ninefold.systems.payments.routes.merchants import MERCHANT_ROUTES
from ninefold.systems.payments.routes.payment_steps import PAYMENT_STEP_ROUTES
from ninefold.systems.payments.routes.payments import PAYMENT_ROUTES
from ninefold.systems.payments.routes.reconciliation import RECONCILIATION_ROUTES
from ninefold.systems.payments.routes.settlement import SETTLEMENT_ROUTES
from ninefold.systems.payments.routes.simulator import simulator_surfaces
from ninefold.systems.payments.routes.statements import STATEMENT_ROUTES
from ninefold.systems.payments.routes.stripe_webhooks import stripe_webhook_surface
from ninefold.systems.payments.service.feeds import payment_feeds
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.keys import KEY_KINDS
from ninefold.systems.payments.service.metrics import IN_DOUBT
from ninefold.systems.payments.service.settlement_changes import settlement_feed
from ninefold.systems.payments.settings import PaymentsSettings, read_payments_settings
from ninefold.systems.payments.store.payments import attempt_count_in_doubt
from ninefold.systems.payments.stripe.ownership import Ownership, OwnershipHolder
from ninefold.systems.payments.stripe.sending import EventSender
from ninefold.systems.payments.stripe.surface import stripe_surface

_OWNERSHIP: Final = Ownership()
"""Of this process: the surface reads what the server's task holds."""


def _routes(context: ServerContext[PaymentsSettings]) -> Sequence[ControllerRouterHandler]:
    processors = open_processors(context.settings, context.process_folder)

    def provide_clock() -> Clock:
        return SystemClock()

    # With the database of the request, which writes the audit log.
    def provide_flow(database: NamedDependency[Database]) -> PaymentFlow:
        return PaymentFlow(database, processors, context.settings, SystemClock())

    def provide_notifier() -> Notifier:
        return context.notifier

    return [
        Router(
            path="/",
            route_handlers=[
                *MERCHANT_ROUTES,
                *MERCHANT_KEY_ROUTES,
                *PAYMENT_ROUTES,
                *PAYMENT_STEP_ROUTES,
                *LEDGER_ROUTES,
                *SETTLEMENT_ROUTES,
                *STATEMENT_ROUTES,
                *RECONCILIATION_ROUTES,
            ],
            dependencies={
                "clock": Provide(provide_clock, sync_to_thread=False),
                "flow": Provide(provide_flow, sync_to_thread=False),
                "notifier": Provide(provide_notifier, sync_to_thread=False),
            },
        )
    ]


def _surfaces(context: ServerContext[PaymentsSettings]) -> Sequence[Surface]:
    flow = _server_flow(context)
    simulator = open_simulator(context.settings, context.process_folder)
    return [
        stripe_surface(context, flow, _OWNERSHIP),
        *simulator_surfaces(context.database, flow, simulator),
        stripe_webhook_surface(context.database, flow),
    ]


def _server_tasks(context: ServerContext[PaymentsSettings]) -> Sequence[WorkerTask]:
    return [OwnershipHolder(context.database, _OWNERSHIP)]


def _feeds(_: ServerContext[PaymentsSettings]) -> Sequence[Feed]:
    return [*payment_feeds(), settlement_feed()]


def _worker_tasks(context: WorkerContext[PaymentsSettings]) -> Sequence[WorkerTask]:
    processors = open_processors(context.settings, context.process_folder)
    flow = PaymentFlow(context.database, processors, context.settings, context.clock)
    return [
        InquiryTask(context, flow),
        EventSender(context),
        BacklogCounter("payments.backlog", context.database, [(IN_DOUBT, attempt_count_in_doubt)]),
    ]


def _server_flow(context: ServerContext[PaymentsSettings]) -> PaymentFlow:
    # What the connections to processors hold is freed when the process ends.
    processors = open_processors(context.settings, context.process_folder)
    return PaymentFlow(context.database, processors, context.settings, SystemClock())


SYSTEM: Final[System[PaymentsSettings]] = System(
    name="payments",
    migrations=MigrationSource(namespace="payments", package="ninefold.systems.payments"),
    read_settings=read_payments_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    processes=PROCESSES,
    job_handlers=(SEAL_HANDLER, AUDIT_HANDLER, EXPIRE_HANDLER, DELETE_OLD_HANDLER, *SETTLEMENT_HANDLERS),
    schedules=(SEAL_EVERY_MINUTE, EXPIRE_EVERY_MINUTE, DELETE_OLD_HOURLY, *SETTLEMENT_SCHEDULES),
    commands=COMMANDS,
    credential_kinds=KEY_KINDS,
)
