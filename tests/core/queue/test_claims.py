"""Claims: where each scan begins, how many scans it makes, and which ids the worker knows afterwards."""

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
    """The rows of organisations; a row is its own id. One scan covers one organisation."""

    def __init__(self, rows: dict[UUID, list[UUID]]) -> None:
        self.worker_id: UUID | None = None
        self.rows = rows
        self.scanned: list[UUID | None] = []
        self.released_except: list[set[UUID]] = []
        self.failures: list[Exception] = []

    async def claim(
        self, _: Connection, *, worker_id: UUID, budget: ClaimBudget, after: UUID
    ) -> tuple[Sequence[UUID], UUID | None]:
        assert worker_id == self.worker_id
        if self.failures:
            raise self.failures.pop()
        following = sorted(each for each in self.rows if each > after)
        if not following:
            self.scanned.append(None)
            return [], None
        organisation_id = following[0]
        self.scanned.append(organisation_id)
        rows = [] if organisation_id in budget.held_back else self.rows[organisation_id][: budget.rows_max]
        self.rows[organisation_id] = self.rows[organisation_id][len(rows) :]
        return rows, organisation_id

    async def release_unknown(self, _: Connection, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
        assert worker_id == self.worker_id
        self.released_except.append(set(known_ids))


class Worker:
    """A worker that claims rows of a table."""

    def __init__(self, database: Database, table: Table, *, is_one_scan_enough: bool = False) -> None:
        self.lease = WorkerLease(database, [], duration=timedelta(minutes=1))
        self.leased_ids = LeasedIds(database, self.lease, table.release_unknown)
        self.claims = RoundRobinClaims(
            self.leased_ids, table.claim, id_of=lambda row: row, is_one_scan_enough=is_one_scan_enough
        )


async def begin(database: Database, table: Table, *, is_one_scan_enough: bool = False) -> Worker:
    worker = Worker(database, table, is_one_scan_enough=is_one_scan_enough)
    table.worker_id = worker.lease.worker_id
    await worker.lease.acquire()
    return worker


def rows(*numbers: int) -> list[UUID]:
    return [UUID(int=100 + number) for number in numbers]


async def test_each_claim_continues_after_the_last_organisation_of_the_previous_one(database: Database) -> None:
    table = Table({A: rows(1, 2), B: rows(3, 4), C: rows(5)})
    worker = await begin(database, table)
    claimed = [list(await worker.claims.claim(BUDGET)) for _ in range(3)]
    assert claimed == [rows(1, 2), rows(3, 4), rows(5)]
    assert table.scanned == [A, B, C]


async def test_a_claim_scans_until_it_finds_rows_and_wraps_around_to_the_first_organisation(database: Database) -> None:
    table = Table({A: [], B: rows(1), C: []})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == rows(1)
    table.rows[A] = rows(2)
    assert list(await worker.claims.claim(BUDGET)) == rows(2)
    assert table.scanned == [A, B, C, None, A]


async def test_a_claim_ends_after_a_scan_of_all_organisations(database: Database) -> None:
    table = Table({})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == []
    assert table.scanned == [None]


async def test_a_claim_makes_a_limited_number_of_scans(database: Database) -> None:
    table = Table({UUID(int=number): [] for number in range(1, 100)})
    worker = await begin(database, table)
    assert list(await worker.claims.claim(BUDGET)) == []
    assert len(table.scanned) == claims.SCANS_MAX


@pytest.mark.parametrize(("held_back", "scans"), [((), 1), ((A,), claims.SCANS_MAX)])
async def test_if_one_scan_is_enough_a_claim_scans_again_only_while_an_organisation_is_held_back(
    database: Database, held_back: tuple[UUID, ...], scans: int
) -> None:
    table = Table({UUID(int=number): [] for number in range(1, 100)})
    worker = await begin(database, table, is_one_scan_enough=True)
    budget = ClaimBudget(rows_max=10, items_max=10, bytes_max=10, held_back=held_back)
    assert list(await worker.claims.claim(budget)) == []
    assert len(table.scanned) == scans


def test_organisations_that_are_held_back_do_not_reduce_how_many_others_are_scanned() -> None:
    budget = ClaimBudget(rows_max=10, items_max=10, bytes_max=10, held_back=[A, B])
    assert budget.organisations_max == claims.CLAIM_ORGANISATIONS_MAX + 2


async def test_the_next_claim_releases_what_a_failed_claim_may_have_taken(database: Database) -> None:
    table = Table({A: rows(1), B: rows(2)})
    worker = await begin(database, table)
    await worker.claims.claim(BUDGET)
    table.failures = [TimeoutError()]
    with pytest.raises(DatabaseUnavailableError):
        await worker.claims.claim(BUDGET)
    assert table.released_except == []
    await worker.claims.claim(BUDGET)
    assert table.released_except == [set(rows(1))]
    await worker.claims.claim(BUDGET)
    assert table.released_except == [set(rows(1))]


async def test_the_next_claim_releases_what_was_given_back_and_forgets_what_is_finished(
    database: Database,
) -> None:
    table = Table({A: rows(1, 2, 3)})
    worker = await begin(database, table)
    await worker.claims.claim(BUDGET)
    worker.leased_ids.remove(rows(1))
    worker.leased_ids.give_back(rows(2))
    await worker.claims.claim(BUDGET)
    assert table.released_except == [set(rows(3))]


async def test_what_is_given_back_during_a_claim_is_released_by_the_next_one(database: Database) -> None:
    table = Table({A: rows(1, 2)})
    worker = await begin(database, table)
    await worker.claims.claim(BUDGET)
    async with worker.leased_ids.claim():
        worker.leased_ids.give_back(rows(2))
    worker.leased_ids.add([])
    assert table.released_except == []
    await worker.claims.claim(BUDGET)
    assert table.released_except == [set(rows(1))]


async def test_a_worker_whose_lease_is_lost_claims_nothing(database: Database) -> None:
    table = Table({A: rows(1)})
    worker = await begin(database, table)
    await worker.lease.release()
    with pytest.raises(LeaseLostError):
        await worker.claims.claim(BUDGET)
    assert table.scanned == []
