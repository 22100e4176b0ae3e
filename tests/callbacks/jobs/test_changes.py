"""What live feeds show of callbacks: each change of one, while somebody watches."""

import pytest

from callbacks.callbacks_api import CallbacksApi
from http_api import Json
from in_process import StartWorker
from live_watcher import Watcher
from ninefold.core.ids import format_id
from ninefold.core.live import Channel
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.callbacks.routes import inbox
from ninefold.systems.callbacks.service.changes import make_feeds


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "LOOK_INTERVAL_S", 0.0)


async def watch_source(database: Database, source: Json) -> Watcher:
    """Watch the callbacks of a source."""
    watcher = Watcher(database, make_feeds()[0], Channel(source["live_channel"], {"source_id": source["source_id"]}))
    await watcher.watch()
    return watcher


async def watch_organisation(database: Database, api: CallbacksApi) -> Watcher:
    """Watch all callbacks of the client's organisation."""
    async with database.connection() as connection:
        principal = await authenticate(connection, api.api_key, kinds=[API_KEY])
    organisation_id = format_id("org", principal.organisation_id)
    watcher = Watcher(database, make_feeds()[1], Channel(f"callbacks.organisation:{organisation_id}", {}))
    await watcher.watch()
    return watcher


def states(entries: list[Json]) -> list[tuple[str, str | None]]:
    """Return the status and the reason of each entry."""
    return [(entry["status"], entry["reason"]) for entry in entries]


async def test_each_change_of_a_callback_is_shown_as_the_api_shows_it(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    of_source, of_organisation = await watch_source(database, source), await watch_organisation(database, api)
    await api.call(source)
    async with start_worker():
        (shown,) = await api.judged(1, source=source)
        entries = await of_source.read_until(lambda entry: bool(entry["status"] == "verified"))

    assert states(entries) == [("received", None), ("verified", None)]
    assert await of_organisation.read() == entries
    assert entries[-1] == {name: shown[name] for name in entries[-1]}


async def test_a_quarantined_callback_is_shown_again_when_it_is_verified_again(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source(secrets=["wrong"])
    watcher = await watch_source(database, source)
    async with start_worker():
        await api.call(source)
        await api.judged(1, source=source)
        await api.done("PATCH", f"/sources/{source['source_id']}", json={"secrets": ["It's a Secret to Everybody"]})
        await api.done("POST", "/callbacks/reverify", json={"source_id": source["source_id"]})
        entries = await watcher.read_until(lambda entry: bool(entry["status"] == "verified"))

    assert states(entries) == [
        ("received", None),
        ("quarantined", "signature_mismatch"),
        ("received", None),
        ("verified", None),
    ]


async def test_duplicates_and_replays_are_shown(
    api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source = await api.create_source()
    async with start_worker():
        await api.call(source, delivery="first")
        (first,) = await api.judged(1, source=source)
        watcher = await watch_source(database, source)
        await api.call(source, delivery="first")
        await watcher.read_until(lambda entry: bool(entry["status"] == "duplicate"))
        await api.done("POST", f"/callbacks/{first['callback_id']}/replay")

    *_, duplicate, replayed = await watcher.read()
    assert duplicate["duplicate_of"] == first["callback_id"]
    assert (replayed["callback_id"], replayed["replay_count"]) == (first["callback_id"], 1)


async def test_what_nobody_watches_and_what_others_receive_is_not_written(
    api: CallbacksApi, other_api: CallbacksApi, database: Database, start_worker: StartWorker
) -> None:
    source, foreign = await api.create_source(), await other_api.create_source()
    async with start_worker():
        watcher = await watch_organisation(database, api)
        await other_api.call(foreign)
        await other_api.judged(1, source=foreign)

    assert await watcher.read() == []
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM live.watched_entry") == 0
    del source


async def test_a_source_of_others_can_not_be_watched(
    api: CallbacksApi, other_api: CallbacksApi, database: Database
) -> None:
    source = await api.create_source()
    feed = make_feeds()[0]
    channel = Channel(source["live_channel"], {"source_id": source["source_id"]})
    async with database.connection() as connection:
        own = await authenticate(connection, api.api_key, kinds=[API_KEY])
        other = await authenticate(connection, other_api.api_key, kinds=[API_KEY])

        assert await feed.may_read(connection, own, channel)
        assert not await feed.may_read(connection, other, channel)
        assert not await feed.may_read(connection, own, Channel("callbacks.source:x", {"source_id": "x"}))
