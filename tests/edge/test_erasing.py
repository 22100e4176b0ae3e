"""`ninefold organisations erase`: nothing answers at once, what is in flight ends, and then nothing is left."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from blob_contents import chunks
from http_api import Api
from in_process import StartWorker
from ninefold.core.blobs import Blobs
from ninefold.core.blobs.erasure import erase_blobs
from ninefold.core.blobs.service import keep_blob
from ninefold.core.config import CoreSettings
from ninefold.core.ids import format_id
from ninefold.core.jobs import Job
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.edge.erasing import begin_erasure, find_erasure
from ninefold.systems.webhooks.jobs import figures
from receivers import Answer, ReceivedRequest, Receiver
from webhooks.webhooks_api import WebhooksApi

_TABLES = """
    SELECT pg_class.oid::regclass::text AS name
    FROM pg_class
    INNER JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'organisation_id' AND NOT attisdropped
    WHERE relkind IN ('r', 'p') AND NOT relispartition
"""


class SlowReceiver(Receiver):
    """Answers each request when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = 0
        self.may_answer = asyncio.Event()

    async def answer(self, request: ReceivedRequest) -> Answer:
        self.begun += 1
        await self.may_answer.wait()
        return await super().answer(request)


async def organisation_of(api: Api, database: Database) -> UUID:
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


async def begin(database: Database, organisation_id: UUID) -> None:
    """Begin an erasure as if it had been an hour ago, so that it needn't wait for requests that had begun."""
    async with database.transaction() as connection:
        await begin_erasure(
            connection,
            organisation_id=organisation_id,
            confirmed_name="acme",
            requested_at=datetime.now(UTC) - timedelta(hours=1),
            settled_s=3,
        )


async def finished(database: Database, organisation_id: UUID) -> Job:
    async with asyncio.timeout(60):
        while True:
            async with database.connection() as connection:
                job = await find_erasure(connection, organisation_id=organisation_id)
            assert job is not None
            if job.finished_at is not None:
                return job
            await asyncio.sleep(0.05)


def files_in(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


async def tables_with(database: Database, organisation_id: UUID) -> list[str]:
    async with database.connection() as connection:
        return [
            record["name"]
            for record in await connection.fetch(_TABLES)
            if await connection.fetchval(
                f"SELECT EXISTS (SELECT FROM {record['name']} WHERE organisation_id = $1)",
                organisation_id,
            )
        ]


async def test_what_is_in_flight_ends_and_nothing_is_left(
    *,
    api: Api,
    other_api: Api,
    receiver: Receiver,
    start_worker: StartWorker,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(figures, "MINUTES_INTERVAL_S", 0.5)
    monkeypatch.setattr(figures, "HOURS_INTERVAL_S", 0.5)
    webhooks, others = WebhooksApi(api.http, api.api_key), WebhooksApi(other_api.http, other_api.api_key)
    organisation_id = await organisation_of(api, database)
    async with SlowReceiver() as slow, start_worker():
        await webhooks.subscribe(slow.url)
        await webhooks.subscribe("http://127.0.0.1:1/hooks")
        await others.subscribe(receiver.url)
        for _ in range(5):
            await webhooks.publish()
        async with asyncio.timeout(30):
            while slow.begun < 5:
                await asyncio.sleep(0.01)
        await begin(database, organisation_id)
        await api.refused(401, "GET", "/events")
        await api.refused(401, "POST", "/events", json={"event_type": "order.created", "payload": {}})
        published = [await others.publish() for _ in range(5)]
        slow.may_answer.set()
        job = await finished(database, organisation_id)
        for event_id in published:
            assert [each["status"] for each in await others.settled(event_id)] == ["delivered"]
        sent = len(slow.requests)

    assert job.result is not None
    result = json.loads(bytes(job.result))
    assert result["counts"]["webhooks"]["webhooks.event"] == 5
    assert result["counts"]["webhooks"]["webhooks.delivery"] == 10
    assert result["counts"]["core"]["tenancy.audit_entry"] > 0
    assert result["not_erased"] == ["payments"]
    assert await tables_with(database, organisation_id) == []
    assert sent == len(slow.requests) == 5


async def test_blobs_are_deleted_at_once_and_their_contents_after_a_while(
    api: Api, database: Database, tmp_path: Path
) -> None:
    blobs = Blobs.of(CoreSettings(data_dir=tmp_path))
    organisation_id = await organisation_of(api, database)
    blob = await blobs.put(
        database,
        chunks(b"secret"),
        organisation_id=organisation_id,
        owner="test.file",
        content_type="text/plain",
        size_max=6,
    )
    async with database.transaction() as connection:
        await keep_blob(connection, blob.blob_id, organisation_id=organisation_id)

    async def erase(delay: timedelta) -> tuple[int, bool]:
        erased = await erase_blobs(
            database, blobs, organisation_id=organisation_id, check=lambda: None, removal_delay=delay
        )
        return sum(erased.counts.values()), erased.is_complete

    assert await erase(timedelta(minutes=1)) == (1, False)
    assert len(files_in(tmp_path)) == 1
    assert await erase(timedelta(0)) == (0, True)
    assert files_in(tmp_path) == []
    assert set(await tables_with(database, organisation_id)) == {"tenancy.credential", "tenancy.organisation"}


def test_the_command_wants_the_name_and_can_be_repeated(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)
    assert run(["organisations", "create", "acme", "--json"]) == 0
    organisation_id = json.loads(capsys.readouterr().out)["organisation_id"]

    assert run(["organisations", "erase", organisation_id, "--confirm", "globex"]) == EXIT_FAILED
    assert "Nothing was erased" in capsys.readouterr().err
    assert run(["organisations", "erase", organisation_id, "--confirm", "acme"]) == 0
    assert "as soon as a worker runs" in capsys.readouterr().err
    assert run(["organisations", "erase", organisation_id, "--confirm", "acme", "--json"]) == 0
    repeated = json.loads(capsys.readouterr().out)
    assert (repeated["state"], repeated["erased"]) == ("queued", None)
    assert run(["organisations", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(["audit-log", "--json"]) == 0
    assert ("ninefold organisations erase", organisation_id) in [
        (entry["operation"], entry["target_id"]) for entry in json.loads(capsys.readouterr().out)
    ]
    assert run(["organisations", "erase", format_id("org", UUID(int=1)), "--confirm", "x"]) == EXIT_FAILED
