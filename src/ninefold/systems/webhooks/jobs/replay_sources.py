"""What a replay sends again: dead letters by their ids, dead letters by a filter, or a subscription's deliveries."""

from collections.abc import Sequence
from typing import Final, Protocol
from uuid import UUID

from ninefold.core.ids import first_id_at
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.replays import (
    ReplayCandidate,
    ReplayDeadLetters,
    ReplayPosition,
    ReplaySubscription,
)
from ninefold.systems.webhooks.rules.dead_letters import matches
from ninefold.systems.webhooks.rules.searches import CLOCK_DIFFERENCE_MAX
from ninefold.systems.webhooks.service.dead_letters import (
    DeadLetterScope,
    count_dead_letters,
    find_scope,
    read_oldest,
)
from ninefold.systems.webhooks.store.replays import replay_count_since, replay_list_by_ids, replay_list_since

COUNTED_MAX: Final = 1_000_000
"""A replay of more deliveries has no known total."""

_DEAD: Final = (DeliveryStatus.FAILED.value,)
_NO_ID: Final = UUID(int=0)


class ReplaySource(Protocol):
    """The deliveries that a replay is about, in the order in which it sends them."""

    @property
    def statuses(self) -> Sequence[str]:
        """Those in which a delivery is sent again."""
        ...

    async def count(self, connection: Connection) -> int | None:
        """Return how many deliveries there are to look at; None if it isn't known."""
        ...

    async def read(self, connection: Connection, *, after: ReplayPosition | None, limit: int) -> list[ReplayCandidate]:
        """Return the next deliveries to look at."""
        ...

    def is_wanted(self, candidate: ReplayCandidate) -> bool:
        """Return whether the replay is about a delivery that it looks at."""
        ...


class DeadLettersByIds:
    """Dead letters that were chosen one by one."""

    statuses = _DEAD

    def __init__(self, organisation_id: UUID, delivery_ids: Sequence[UUID]) -> None:
        self._organisation_id = organisation_id
        self._delivery_ids = delivery_ids

    async def count(self, connection: Connection) -> int | None:
        """Return the number of ids."""
        del connection
        return len(self._delivery_ids)

    async def read(self, connection: Connection, *, after: ReplayPosition | None, limit: int) -> list[ReplayCandidate]:
        """Return the next ones that exist, oldest event first."""
        return await replay_list_by_ids(
            connection,
            organisation_id=self._organisation_id,
            delivery_ids=self._delivery_ids,
            after_id=_NO_ID if after is None else after.delivery_id,
            limit=limit,
        )

    def is_wanted(self, candidate: ReplayCandidate) -> bool:
        """Return True: someone asked for it."""
        del candidate
        return True


class DeadLettersByFilter:
    """The dead letters that match a filter, those that failed first first."""

    statuses = _DEAD

    def __init__(self, organisation_id: UUID, payload: ReplayDeadLetters) -> None:
        self._organisation_id = organisation_id
        self._payload = payload

    async def count(self, connection: Connection) -> int | None:
        """Return how many there are in the filter's time and subscriptions."""
        return _known(await count_dead_letters(connection, await self._scope(connection), limit=COUNTED_MAX))

    async def read(self, connection: Connection, *, after: ReplayPosition | None, limit: int) -> list[ReplayCandidate]:
        """Return the next ones."""
        scope = await self._scope(connection)
        if after is not None:
            scope = scope.since(after)
        if scope.subscription_ids:
            # A query reads as many of each subscription as it returns in all.
            limit = max(1, limit // len(scope.subscription_ids))
        return await read_oldest(connection, scope, limit=limit)

    def is_wanted(self, candidate: ReplayCandidate) -> bool:
        """Return whether it matches the filter."""
        return matches(candidate, self._payload.only)

    async def _scope(self, connection: Connection) -> DeadLetterScope:
        scope = await find_scope(connection, organisation_id=self._organisation_id, only=self._payload.only)
        return scope.until(ReplayPosition(self._payload.failed_before, _NO_ID))


class DeliveriesSince:
    """The deliveries to a subscription whose events were accepted in some time, oldest event first."""

    def __init__(self, organisation_id: UUID, payload: ReplaySubscription) -> None:
        self.statuses: Sequence[str] = payload.statuses
        self._organisation_id = organisation_id
        self._payload = payload
        self._after_id = first_id_at(payload.since - CLOCK_DIFFERENCE_MAX)
        self._before_id = first_id_at(payload.until + CLOCK_DIFFERENCE_MAX)

    async def count(self, connection: Connection) -> int | None:
        """Return how many there are, with those of some minutes before and after."""
        return _known(
            await replay_count_since(
                connection,
                subscription_id=self._payload.subscription_id,
                after_id=self._after_id,
                before_id=self._before_id,
                limit=COUNTED_MAX,
            )
        )

    async def read(self, connection: Connection, *, after: ReplayPosition | None, limit: int) -> list[ReplayCandidate]:
        """Return the next ones."""
        return await replay_list_since(
            connection,
            organisation_id=self._organisation_id,
            subscription_id=self._payload.subscription_id,
            since=self._payload.since,
            until=self._payload.until,
            after_id=self._after_id if after is None else after.delivery_id,
            before_id=self._before_id,
            limit=limit,
        )

    def is_wanted(self, candidate: ReplayCandidate) -> bool:
        """Return whether its event is from the time, and its status one of those asked for or unfinished."""
        is_asked_for = candidate.status in self.statuses or candidate.finished_at is None
        return candidate.is_in_time and is_asked_for


def _known(count: int) -> int | None:
    return None if count >= COUNTED_MAX else count
