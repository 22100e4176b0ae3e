"""Claims: with whom each begins, how far it looks, and what the worker knows of them afterwards."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import claims
from ninefold.core.queue.claims import ClaimBudget, RoundRobinClaims
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.queue.leases import LeaseLostError, WorkerLease

BUDGET = ClaimBudget(rows_max=10, items_max=10, bytes_max=10)
A, B, C = (UUID(int=number) for number in (1, 2, 3))


class Table:
    """Rows of organisations, each row its own id; a claim looks at one organisation."""

    def __init__(self, rows: dict[UUID, list[UUID]]) -> None:
        self.worker_id: UUID | None = None
        self.rows = rows
        self.looked_at: list[UUID | None] = []
        self.released_but: list[set[UUID]] = []
        self.failures: list[Exception] = []

    async def claim(
        self, _: Connection, *, worker_id: UUID, budget: ClaimBudget, after: UUID
    ) -> tuple[Sequence[UUID], UUID | None]:
        assert worker_id == self.worker_id
        if self.failures:
            raise self.failures.pop()
        following = sorted(each for each in self.rows if each > after)
        if not following:
            self.looked_at.append(None)
            return [], None
        organisation_id = following[0]
        self.looked_at.append(organisation_id)
        rows = [] if organisation_id in budget.held_back else self.rows[organisation_id][: budget.rows_max]
        self.rows[organisation_id] = self.rows[organisation_id][len(rows) :]
        return rows, organisation_id

    async def release_unknown(self, _: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
        assert worker_id == self.worker_id
        self.released_but.append(set(known_ids))


class Worker:
    """A worker's claims of a table."""

    def __init__(self, database: Database, table: Table, *, is_one_look_enough: bool = False) -> None:
        self.lease = WorkerLease(database, [], duration=timedelta(minutes=1))
        self.leased_ids = LeasedIds(database, self.lease, table.release_unknown)
        self.claims = RoundRobinClaims(
            self.leased_ids, table.claim, id_of=lambda row: row, is_one_look_enough=is_one_look_enough
        )


async def begin(database: Database, table: Table, *, is_one_look_enough: bool = False) -> Worker:
    worker = Worker(database, table, is_one_look_enough=is_one_look_enough)
    table.worker_id = worker.lease.worker_id
    await worker.lease.acquire()
    return worker


def rows(*numbers: int) -> list[UUID]:
    return [UUID(int=100 + number) for number in numbers]


async def test_each_claim_begins_after_the_organisation_at_which_the_one_before_ended(database: Database) -> None:
    table = Table({A: rows(1, 2), B: rows(3, 4), C: rows(5)})
    worker = await begin(database, table)
    claimed = [list(await worker.claims.claim(BUDGET)) for _ in range(3)]
    assert claimed == [rows(1, 2), rows(3, 4), rows(5)]
    assert table.looked_at == [A, B, C]


async def test_a_claim_looks_on_until_it_finds_rows_and_begins_again_with_the_first(database: Database) -> None:
    table = Table({A: [], B: rows(1), C: []})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == rows(1)
    table.rows[A] = rows(2)
    assert list(await worker.claims.claim(BUDGET)) == rows(2)
    assert table.looked_at == [A, B, C, None, A]


async def test_a_claim_that_has_seen_every_organisation_from_the_first_on_is_over(database: Database) -> None:
    table = Table({})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == []
    assert table.looked_at == [None]


async def test_a_claim_looks_a_bounded_number_of_times(database: Database) -> None:
    table = Table({UUID(int=number): [] for number in range(1, 100)})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == []
    assert len(table.looked_at) == claims.LOOKS_MAX


@pytest.mark.parametrize(("held_back", "looks"), [((), 1), ((A,), claims.LOOKS_MAX)])
async def test_where_one_look_is_enough_a_claim_looks_on_only_if_somebody_is_held_back(
    database: Database, held_back: tuple[UUID, ...], looks: int
) -> None:
    table = Table({UUID(int=number): [] for number in range(1, 100)})
    worker = await begin(database, table, is_one_look_enough=True)
    budget = ClaimBudget(rows_max=10, items_max=10, bytes_max=10, held_back=held_back)
    assert list(await worker.claims.claim(budget)) == []
    assert len(table.looked_at) == looks


def test_organisations_that_are_held_back_take_no_place_of_those_that_are_looked_at() -> None:
    budget = ClaimBudget(rows_max=10, items_max=10, bytes_max=10, held_back=[A, B])
    assert budget.organisations_max == claims.CLAIM_ORGANISATIONS_MAX + 2


async def test_what_a_failed_claim_may_have_taken_is_released_by_the_next(database: Database) -> None:
    table = Table({A: rows(1), B: rows(2)})
    worker = await begin(database, table)
    await worker.claims.claim(BUDGET)
    table.failures = [TimeoutError()]
    with pytest.raises(DatabaseUnavailableError):
        await worker.claims.claim(BUDGET)
    assert table.released_but == []
    await worker.claims.claim(BUDGET)
    assert table.released_but == [set(rows(1))]
    await worker.claims.claim(BUDGET)
    assert table.released_but == [set(rows(1))]


async def test_what_was_given_back_is_released_by_the_next_claim_and_what_is_finished_is_not_known(
    database: Database,
) -> None:
    table = Table({A: rows(1, 2, 3)})
    worker = await begin(database, table)
    await worker.claims.claim(BUDGET)
    worker.leased_ids.remove(rows(1))
    worker.leased_ids.give_back(rows(2))
    await worker.claims.claim(BUDGET)
    assert table.released_but == [set(rows(3))]


async def test_a_worker_that_was_taken_for_dead_claims_nothing(database: Database) -> None:
    table = Table({A: rows(1)})
    worker = await begin(database, table)
    await worker.lease.release()
    with pytest.raises(LeaseLostError):
        await worker.claims.claim(BUDGET)
    assert table.looked_at == []
