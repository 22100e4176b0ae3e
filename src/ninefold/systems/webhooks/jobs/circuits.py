"""The circuit breaker: what attempts say about the health of each subscription's endpoint.

The state is in `webhooks.circuit`, and is written in the transaction that records the attempts. Each worker knows which
endpoints are failing: from its own attempts at once, from those of other workers with the next `refresh`. The success
of any other endpoint writes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.webhooks.jobs.gates import OPEN, SHUT, Gates
from ninefold.systems.webhooks.jobs.verdict import GONE
from ninefold.systems.webhooks.model import SUBSCRIPTION_PREFIX, SUBSCRIPTIONS_CHANNEL, DeliveryStatus, PauseReason
from ninefold.systems.webhooks.model.attempts import Outcome
from ninefold.systems.webhooks.service.changes import announce_changes
from ninefold.systems.webhooks.store import circuits as store
from ninefold.systems.webhooks.store.circuits import FailingCircuit, FailureReport
from ninefold.systems.webhooks.store.deliveries import delivery_set_waiting_for_endpoint
from ninefold.systems.webhooks.store.subscriptions import subscription_pause, subscription_version_bump

OVERLAP: Final = timedelta(seconds=10)
"""Each reading also covers this time before the previous one: what has changed is visible only after its commit."""

ANNOUNCED_BEFORE_S: Final = 86_400.0
"""How long before it a pause is announced; half of the time to the pause, if that is shorter."""

_BEFORE_ALL: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger(__name__)


class CircuitRules(msgspec.Struct, frozen=True, kw_only=True):
    """When circuits open, and what follows."""

    failures_max: int
    """Consecutive failed attempts that open a circuit."""
    retry_s: float
    """Seconds after which an open circuit is probed."""
    pause_after_s: float
    """Seconds of failed attempts only, after which the subscription is paused."""
    horizon_s: float
    """How long a delivery can wait for its endpoint."""

    @property
    def announce_after_s(self) -> float:
        """Seconds of failed attempts only, after which the pause is announced."""
        return max(self.pause_after_s - ANNOUNCED_BEFORE_S, self.pause_after_s / 2)


class CircuitChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What recorded attempts changed; applied to this worker when the transaction has committed."""

    kept_waiting: frozenset[UUID] = frozenset()
    """Deliveries that have used up their retries, and wait for their endpoint to come back."""
    closed: dict[UUID, bool] = {}
    """The subscriptions whose endpoint has recovered, and whether their circuit was open."""
    failing: Sequence[FailingCircuit] = ()
    opened: frozenset[UUID] = frozenset()
    gone: dict[UUID, UUID] = {}
    """The subscriptions whose receiver answered 410, with their organisations."""

    @property
    def subscription_ids(self) -> set[UUID]:
        """The subscriptions whose circuits have changed."""
        return {*self.closed, *self.opened, *[each.subscription_id for each in self.failing]}


NO_CHANGES: Final = CircuitChanges()


class CircuitBreaker:
    """Counts the failures of each endpoint, and blocks the gates of those that are down.

    Args:
        database: where the circuits are stored.
        notifier: tells other workers of paused subscriptions.
        gates: the gates of this worker.
        rules: when circuits open.
        worker_id: this worker.
        time: the event loop's time.
    """

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        gates: Gates,
        rules: CircuitRules,
        *,
        worker_id: UUID,
        time: Callable[[], float],
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._gates = gates
        self._rules = rules
        self._worker_id = worker_id
        self._time = time
        self._failing: set[UUID] = set()
        self._read_at: datetime | None = None

    async def record(self, connection: Connection, outcomes: Sequence[Outcome]) -> CircuitChanges:
        """Record what attempts say about their endpoints, in the transaction that records the attempts."""
        if not self._failing and all(outcome.attempt.error_class is None for outcome in outcomes):
            return NO_CHANGES
        health = _Health(self._failing)
        health.add(outcomes)
        if not (health.reports or health.succeeded or health.unresolved):
            return NO_CHANGES
        if health.unresolved:
            await store.circuit_release_probes(
                connection, worker_id=self._worker_id, subscription_ids=health.unresolved
            )
        closed = {}
        if health.succeeded:
            closed = await store.circuit_record_success(connection, subscription_ids=health.succeeded)
        failing: list[FailingCircuit] = []
        if health.reports:
            failing = await store.circuit_record_failures(
                connection,
                list(health.reports.values()),
                failures_max=self._rules.failures_max,
                retry_s=self._rules.retry_s,
                pause_after_s=self._rules.pause_after_s,
                announce_after_s=self._rules.announce_after_s,
            )
        kept_waiting, opened = await self._keep_for_endpoints(connection, outcomes)
        return CircuitChanges(
            kept_waiting=kept_waiting,
            closed=closed,
            failing=failing,
            opened=opened.union(each.subscription_id for each in failing if each.is_just_opened),
            gone=health.gone,
        )

    async def apply(self, changes: CircuitChanges) -> None:
        """Apply committed changes to this worker's gates, and pause the subscriptions that must be.

        If the database isn't available, the next failure of a subscription pauses it.
        """
        if changes is NO_CHANGES:
            return
        self._failing.difference_update(changes.closed)
        self._failing.update(each.subscription_id for each in changes.failing)
        self._gates.block(dict.fromkeys(changes.closed, OPEN))
        self._gates.block({each.subscription_id: SHUT for each in changes.failing if each.is_open})
        self._gates.block(dict.fromkeys(changes.opened, SHUT))
        self._gates.note_waiting(subscription_id for subscription_id, was_open in changes.closed.items() if was_open)
        _log_changes(changes)
        paused = {each.subscription_id: each.organisation_id for each in changes.failing if each.is_pause_due}
        try:
            await self._announce(each for each in changes.failing if each.is_announcement_due and not each.is_pause_due)
            await self._pause(paused, reason=PauseReason.FAILING)
            await self._pause(changes.gone, reason=PauseReason.GONE)
        except DatabaseUnavailableError as error:
            log.warning("webhooks.subscription.unpaused", error=str(error))

    async def refresh(self) -> None:
        """Read the circuits that have changed since the previous call, and apply them to this worker's gates."""
        since = _BEFORE_ALL if self._read_at is None else self._read_at - OVERLAP
        async with self._database.connection() as connection:
            self._read_at, changed = await store.circuit_list_changed(connection, since=since)
        now_s = self._time()
        for each in changed:
            (self._failing.add if each.is_failing else self._failing.discard)(each.subscription_id)
        self._gates.block({each.subscription_id: _blocked_until_s(each, now_s) for each in changed})

    async def _keep_for_endpoints(
        self, connection: Connection, outcomes: Sequence[Outcome]
    ) -> tuple[frozenset[UUID], frozenset[UUID]]:
        """Let failed deliveries wait whose endpoint has accepted nothing since their first attempt; open its circuit.

        Returns:
            The waiting deliveries, and the subscriptions whose circuits were opened.
        """
        failed = [outcome.delivery_id for outcome in outcomes if outcome.status is DeliveryStatus.FAILED]
        if not failed:
            return frozenset(), frozenset()
        kept = await delivery_set_waiting_for_endpoint(connection, delivery_ids=failed, horizon_s=self._rules.horizon_s)
        if not kept:
            return frozenset(), frozenset()
        opened = await store.circuit_open(connection, subscription_ids=set(kept.values()), retry_s=self._rules.retry_s)
        return frozenset(kept), frozenset(opened)

    async def _announce(self, circuits: Iterable[FailingCircuit]) -> None:
        due = list(circuits)
        if not due:
            return
        async with self._database.connection() as connection:
            await store.circuit_mark_announced(connection, subscription_ids=[each.subscription_id for each in due])
        for each in due:
            log.warning(
                "webhooks.subscription.pausing_soon",
                subscription_id=_text(each.subscription_id),
                failing_since=each.failing_since,
                paused_after_s=self._rules.pause_after_s,
            )

    async def _pause(self, subscriptions: dict[UUID, UUID], *, reason: PauseReason) -> None:
        for subscription_id, organisation_id in subscriptions.items():
            async with self._database.transaction() as connection:
                await subscription_version_bump(connection, organisation_id=organisation_id)
                is_paused = await subscription_pause(connection, subscription_id=subscription_id, reason=reason)
                await store.circuit_reset(connection, subscription_id=subscription_id)
                await announce_changes(connection, subscription_ids=[subscription_id])
            if is_paused:
                log.warning("webhooks.subscription.paused", subscription_id=_text(subscription_id), reason=reason)
                self._notifier.notify(SUBSCRIPTIONS_CHANNEL)


class _Health:
    """What outcomes, in the order of their attempts' ends, say about their endpoints.

    Args:
        failing: the subscriptions that are known to fail. The success of others isn't noted.
    """

    def __init__(self, failing: Collection[UUID]) -> None:
        self._failing = failing
        self.succeeded: set[UUID] = set()
        self.reports: dict[UUID, FailureReport] = {}
        self.throttled: dict[UUID, float] = {}
        self.gone: dict[UUID, UUID] = {}
        self.unresolved: set[UUID] = set()
        """The subscriptions with an attempt that says nothing; it may have been a probe."""

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Add outcomes."""
        for outcome in outcomes:
            subscription_id = outcome.subscription_id
            if outcome.attempt.error_class is None:
                if subscription_id in self._failing or subscription_id in self.reports:
                    self.succeeded.add(subscription_id)
                    self.reports.pop(subscription_id, None)
            elif outcome.throttled_for_s is not None:
                self.throttled[subscription_id] = outcome.throttled_for_s
                self._add_failure(outcome, count=0)
            elif outcome.is_counted:
                self._add_failure(outcome, count=1)
                if outcome.attempt.response_status == GONE:
                    self.gone[subscription_id] = outcome.organisation_id
            else:
                self.unresolved.add(subscription_id)

    def _add_failure(self, outcome: Outcome, *, count: int) -> None:
        earlier = self.reports.get(outcome.subscription_id)
        times = [outcome.attempt.attempted_at] if count else []
        if earlier is not None and earlier.failed_at is not None:
            times.append(earlier.failed_at)
        self.reports[outcome.subscription_id] = FailureReport(
            subscription_id=outcome.subscription_id,
            organisation_id=outcome.organisation_id,
            failures=count + (0 if earlier is None else earlier.failures),
            failed_at=min(times, default=None),
            throttled_for_s=self.throttled.get(outcome.subscription_id),
        )


def _blocked_until_s(circuit: store.ChangedCircuit, now_s: float) -> float:
    if circuit.is_open:
        return SHUT
    if circuit.throttled_for_s is not None and circuit.throttled_for_s > 0:
        return now_s + circuit.throttled_for_s
    return OPEN


def _log_changes(changes: CircuitChanges) -> None:
    for subscription_id in changes.opened:
        log.warning("webhooks.circuit.opened", subscription_id=_text(subscription_id))
    for subscription_id, was_open in changes.closed.items():
        if was_open:
            log.info("webhooks.circuit.closed", subscription_id=_text(subscription_id))


def _text(subscription_id: UUID) -> str:
    return format_id(SUBSCRIPTION_PREFIX, subscription_id)
