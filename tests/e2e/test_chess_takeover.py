"""Servers and workers of a game are killed: it goes on at another node, and an outage costs nobody time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil

from chess_api import Duel, begin
from http_api import Api, Json
from in_process import create_key
from installations import SECRETS_KEY_TEXT, Installation, serving
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.model import GAME_PREFIX

WITHIN_S = 60.0
OUTAGE_S = 100
OPENING = ["e2e4", "e7e5"]


@asynccontextmanager
async def api_of(url: str, database: Database, *, api_key: str | None = None) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http:
        yield Api(http, api_key or await create_key(database, organisation="acme"))


def installation(database_url: str, folder: Path) -> Installation:
    return Installation(
        folder, settings={"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_SECRETS_KEY": SECRETS_KEY_TEXT}
    )


async def until(read: Callable[[], Awaitable[Json]], condition: Callable[[Json], bool]) -> Json:
    async with asyncio.timeout(WITHIN_S):
        while not condition(found := await read()):
            await asyncio.sleep(0.05)
    return found


def at(duel: Duel, api: Api) -> Duel:
    """The same game at another server."""
    players = {"white_player_id": duel.players["white"], "black_player_id": duel.players["black"]}
    other = Duel(api, {"game_id": duel.game_id, **players})
    other.ply = duel.ply
    return other


async def test_a_game_goes_on_at_another_server_when_its_server_is_killed(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    async with installation(database_url, tmp_path / "data") as first:
        with serving(database_url, log=tmp_path / "second.ndjson") as second_url:
            async with api_of(first.url, database) as api, api_of(second_url, database, api_key=api.api_key) as other:
                duel = await begin(api)
                await duel.play(OPENING)
                sent = await duel.move("g1f3", client_move_id="sent-before")

                first.child("serve").kill()

                # The client doesn't know whether its move was committed, and asks another server.
                elsewhere = at(duel, other)
                assert await elsewhere.move("g1f3", ply=3, client_move_id="sent-before") == sent
                await elsewhere.play(["b8c6", "f1b5"])

                await _until_ready(api.http)
                back = at(elsewhere, api)
                await back.play(["a7a6"])
                assert [e["sequence"] for e in await elsewhere.events()] == [*range(1, 8)]


async def test_a_killed_worker_is_replaced_and_flags(database: Database, database_url: str, tmp_path: Path) -> None:
    async with installation(database_url, tmp_path / "data") as node, api_of(node.url, database) as api:
        duel = await begin(api, clock={"limit_s": 3, "increment_s": 0})
        await duel.play(OPENING)

        node.child("worker").kill()

        game = await until(duel.show, lambda game: game["status"] == "ended")
    assert (game["winner"], game["reason"]) == ("black", "flag")


async def test_no_clock_runs_while_everything_is_down(database: Database, database_url: str, tmp_path: Path) -> None:
    async with installation(database_url, tmp_path / "data") as killed, api_of(killed.url, database) as api:
        duel = await begin(api, clock={"limit_s": 90, "increment_s": 0})
        await duel.play(OPENING)
        await until(lambda: _heartbeat(database), lambda beat: beat["count"] == 1)
        for process in [psutil.Process(killed.process.pid), *killed.descendants()]:
            process.kill()
        await killed.wait()
    await _prolong_outage(database, duel)

    async with (
        installation(database_url, tmp_path / "data") as node,
        api_of(node.url, database, api_key=api.api_key) as again,
    ):
        same = at(duel, again)
        moved = await same.move("g1f3")
        log = await same.events()

    assert moved["result"] == "committed"
    assert moved["clocks"]["white_ms"] > 0
    adjusted = next(entry for entry in log if entry["type"] == "clock_adjusted")
    assert adjusted["data"]["by_ms"] >= OUTAGE_S * 1_000


async def _until_ready(http: httpx.AsyncClient) -> None:
    """Wait until a server that is being restarted answers."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                if (await http.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def _heartbeat(database: Database) -> Json:
    async with database.connection() as connection:
        return {"count": await connection.fetchval("SELECT count(*) FROM chess.heartbeat")}


async def _prolong_outage(database: Database, duel: Duel) -> None:
    """Let the kill have been longer ago than the player has time."""
    async with database.transaction() as connection:
        await connection.execute("UPDATE chess.heartbeat SET beat_at = beat_at - make_interval(secs => $1)", OUTAGE_S)
        await connection.execute(
            "UPDATE chess.game SET turn_started_at = turn_started_at - make_interval(secs => $2), "
            "deadline_at = deadline_at - make_interval(secs => $2) WHERE game_id = $1",
            parse_id(GAME_PREFIX, duel.game_id),
            OUTAGE_S,
        )
