"""A circuit breaker for tests of the parts that record outcomes, with the default settings."""

import asyncio
import time

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.queue.worker_share import WorkerShare
from ninefold.systems.webhooks.jobs.circuits import CircuitBreaker, CircuitRules
from ninefold.systems.webhooks.jobs.gates import GateLimits, Gates
from ninefold.systems.webhooks.jobs.turns import Turns

RULES = CircuitRules(failures_max=10, retry_s=300.0, pause_after_s=432_000.0, horizon_s=86_400.0)


def make_gates(database: Database, *, limits: GateLimits | None = None) -> Gates:
    """Return the gates of a worker that is alone."""
    limits = limits or GateLimits(rate_limit_per_s=1_000.0, in_flight_max=1_000, tier_shares=(50.0, 40.0, 10.0))
    return Gates(WorkerShare(database, new_id()), limits, time=time.monotonic)


def make_turns(database: Database) -> Turns:
    """Return the turns of a worker with gates of its own."""
    return Turns(database, make_gates(database), waiting_found=asyncio.Event())


def make_circuit_breaker(database: Database) -> CircuitBreaker:
    """Return a circuit breaker with gates of its own."""
    return CircuitBreaker(
        database, Notifier(database), make_gates(database), RULES, worker_id=new_id(), time=time.monotonic
    )
