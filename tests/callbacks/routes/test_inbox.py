import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest

from callbacks.callbacks_api import CallbacksApi
from http_api import Json
from ninefold.core.ids import new_id, parse_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.callbacks.errors import InboxFullError
from ninefold.systems.callbacks.model import CallbackStatus, NewCallback
from ninefold.systems.callbacks.routes.inbox import BATCH_BYTES_MAX, BATCH_MAX, COMMITS_MAX, Inbox
from ninefold.systems.callbacks.store.callbacks import callback_insert_many


class Statements:
    """Counts the inserts of the inbox, and lets them fail."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.error: Exception | None = None

    async def insert(self, connection: Connection, *, callbacks: list[NewCallback]) -> dict[UUID, int]:
        self.sizes.append(len(callbacks))
        if self.error is not None:
            raise self.error
        return await callback_insert_many(connection, callbacks=callbacks)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Statements:
    statements = Statements()
    monkeypatch.setattr("ninefold.systems.callbacks.routes.inbox.callback_insert_many", statements.insert)
    return statements


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return Inbox(database, Notifier(database))


@pytest.fixture
async def source(api: CallbacksApi) -> Json:
    return await api.create_source()


def callback(source: Json, *, body: bytes = b"{}") -> NewCallback:
    return NewCallback(
        callback_id=new_id(),
        source_id=parse_id("src", source["source_id"]),
        status=CallbackStatus.RECEIVED,
        received_at=datetime.now(UTC),
        peer="192.0.2.1:1",
        method="POST",
        scheme="http",
        path=b"/in/x",
        query=b"",
        headers=((b"a", b"b"),),
        body=body,
    )


async def test_callbacks_that_arrive_together_share_commits(
    inbox: Inbox, statements: Statements, source: Json, api: CallbacksApi
) -> None:
    versions = await asyncio.gather(*[inbox.store(callback(source)) for _ in range(BATCH_MAX + 100)])

    assert set(versions) == {1}
    assert len(statements.sizes) <= COMMITS_MAX + 1
    assert max(statements.sizes) <= BATCH_MAX
    assert sum(len(page) for page in await api.walk("/callbacks", limit=100)) == BATCH_MAX + 100


async def test_large_bodies_are_not_all_in_one_commit(inbox: Inbox, statements: Statements, source: Json) -> None:
    body = b"x" * (BATCH_BYTES_MAX // 2)

    await asyncio.gather(*[inbox.store(callback(source, body=body)) for _ in range(5)])

    assert max(statements.sizes) == 2


async def test_a_callback_of_a_deleted_source_is_not_stored(inbox: Inbox, source: Json, api: CallbacksApi) -> None:
    other = await api.create_source()
    await api.request("DELETE", f"/sources/{source['source_id']}")

    stored = await asyncio.gather(*[inbox.store(callback(each)) for each in (source, other)])

    assert stored == [None, 1]


async def test_every_request_of_a_failed_commit_gets_the_error(
    inbox: Inbox, statements: Statements, source: Json
) -> None:
    statements.error = DatabaseUnavailableError("PostgreSQL is unavailable.")

    results = await asyncio.gather(*[inbox.store(callback(source)) for _ in range(3)], return_exceptions=True)

    assert [type(result) for result in results] == [DatabaseUnavailableError] * 3
    assert len(set(map(id, results))) == 3
    statements.error = None
    assert await inbox.store(callback(source)) == 1


async def test_no_more_than_a_limit_wait_for_a_commit(
    inbox: Inbox, source: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ninefold.systems.callbacks.routes.inbox.WAITING_MAX", 3)

    results = await asyncio.gather(*[inbox.store(callback(source)) for _ in range(5)], return_exceptions=True)

    assert results[:3] == [1, 1, 1]
    assert [type(result) for result in results[3:]] == [InboxFullError, InboxFullError]
    assert await inbox.store(callback(source)) == 1


async def test_a_request_that_ends_early_stops_no_other(inbox: Inbox, source: Json) -> None:
    ending = asyncio.create_task(inbox.store(callback(source)))
    others = [asyncio.create_task(inbox.store(callback(source))) for _ in range(3)]
    await asyncio.sleep(0)
    ending.cancel()

    assert await asyncio.gather(*others) == [1, 1, 1]
