"""The definition of the system: everything that the composition root needs for payments."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.clock import Clock, SystemClock
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.commands import COMMANDS
from ninefold.systems.payments.jobs.settlement import SETTLEMENT_HANDLERS, SETTLEMENT_SCHEDULES
from ninefold.systems.payments.processors.opening import open_processors, open_simulator
from ninefold.systems.payments.processors.simulator.process import PROCESSES
from ninefold.systems.payments.routes.merchants import MERCHANT_ROUTES
from ninefold.systems.payments.routes.reconciliation import RECONCILIATION_ROUTES
from ninefold.systems.payments.routes.settlement import SETTLEMENT_ROUTES
from ninefold.systems.payments.routes.simulator import simulator_surfaces
from ninefold.systems.payments.routes.statements import STATEMENT_ROUTES
from ninefold.systems.payments.routes.stripe_webhooks import stripe_webhook_surface
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.keys import KEY_KINDS
from ninefold.systems.payments.service.settlement_changes import settlement_feed
from ninefold.systems.payments.settings import PaymentsSettings, read_payments_settings
from ninefold.systems.payments.stripe.surface import stripe_surface


def _routes(context: ServerContext[PaymentsSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_clock() -> Clock:
        return SystemClock()

    def provide_notifier() -> Notifier:
        return context.notifier

    return [
        Router(
            path="/",
            route_handlers=[*MERCHANT_ROUTES, *SETTLEMENT_ROUTES, *STATEMENT_ROUTES, *RECONCILIATION_ROUTES],
            dependencies={
                "clock": Provide(provide_clock, sync_to_thread=False),
                "notifier": Provide(provide_notifier, sync_to_thread=False),
            },
        )
    ]


def _feeds(_: ServerContext[PaymentsSettings]) -> Sequence[Feed]:
    return [settlement_feed()]


def _surfaces(context: ServerContext[PaymentsSettings]) -> Sequence[Surface]:
    flow = _flow(context)
    simulator = open_simulator(context.settings, context.process_folder)
    return [
        stripe_surface(context, flow),
        *simulator_surfaces(context.database, flow, simulator),
        stripe_webhook_surface(context.database, flow),
    ]


def _flow(context: ServerContext[PaymentsSettings]) -> PaymentFlow:
    processors = open_processors(context.settings, context.process_folder)
    return PaymentFlow(context.database, processors, context.settings, SystemClock())


SYSTEM: Final[System[PaymentsSettings]] = System(
    name="payments",
    migrations=MigrationSource(namespace="payments", package="ninefold.systems.payments"),
    read_settings=read_payments_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    job_handlers=SETTLEMENT_HANDLERS,
    schedules=SETTLEMENT_SCHEDULES,
    processes=PROCESSES,
    commands=COMMANDS,
    credential_kinds=KEY_KINDS,
)
