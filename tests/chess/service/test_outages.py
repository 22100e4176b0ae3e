"""While no server runs, no clock runs: the first heartbeat afterwards puts off all turns."""

from datetime import UTC, datetime, timedelta

from chess_api import Duel, begin
from chess_turns import flag
from http_api import Api
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.chess.model import GAME_PREFIX
from ninefold.systems.chess.service.outages import note_heartbeat
from ninefold.systems.chess.service.presence import mark_gone

LONG = timedelta(hours=1)


async def beat(database: Database, at: datetime) -> int:
    """Note a heartbeat; return how many games were put off."""
    async with database.transaction() as connection:
        return len(await note_heartbeat(connection, now=at))


async def let_turn_begin(database: Database, duel: Duel, at: datetime) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE chess.game SET deadline_at = deadline_at + ($2 - turn_started_at), turn_started_at = $2 "
            "WHERE game_id = $1",
            parse_id(GAME_PREFIX, duel.game_id),
            at,
        )


async def test_the_first_heartbeat_after_an_outage_puts_off_all_turns(api: Api, database: Database) -> None:
    now = datetime.now(UTC)
    thinking, begun_meanwhile = await begin(api), await begin(api)
    await thinking.play(["e2e4", "e7e5"])
    await begun_meanwhile.play(["e2e4", "e7e5"])
    await beat(database, now - LONG)
    await let_turn_begin(database, thinking, now - LONG - timedelta(seconds=20))
    await let_turn_begin(database, begun_meanwhile, now - timedelta(seconds=30))

    assert await beat(database, now) == 2

    long, short = (await thinking.events())[-1], (await begun_meanwhile.events())[-1]
    assert (long["type"], long["data"]) == ("clock_adjusted", {"reason": "outage", "by_ms": 3_600_000})
    assert (short["type"], short["data"]) == ("clock_adjusted", {"reason": "outage", "by_ms": 30_000})
    left_ms = (await thinking.show())["clocks"]["white_ms"]
    assert 100_000 < left_ms <= 160_000
    assert (await thinking.move("g1f3"))["result"] == "committed"


async def test_a_short_gap_is_no_outage(api: Api, database: Database) -> None:
    now = datetime.now(UTC)
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    await beat(database, now - timedelta(seconds=2.9))

    assert await beat(database, now) == 0
    assert (await duel.events())[-1]["type"] == "move"


async def test_no_time_is_up_while_no_server_runs(api: Api, database: Database) -> None:
    now = datetime.now(UTC)
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    await beat(database, now - LONG)
    await let_turn_begin(database, duel, now - LONG)

    assert not await flag(database, duel)

    await beat(database, now)
    assert not await flag(database, duel)
    assert (await duel.show())["status"] == "running"


async def test_nobody_is_gone_while_no_server_runs(api: Api, database: Database) -> None:
    now = datetime.now(UTC)
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    await api.request("POST", f"{duel.path}/presence", json={"player_id": duel.players["black"]})
    await beat(database, now - LONG)
    later = datetime.now(UTC) + timedelta(seconds=60)

    async with database.transaction() as connection:
        game_id = parse_id(GAME_PREFIX, duel.game_id)
        assert await mark_gone(connection, game_id=game_id, colour="black", now=later) is None


async def test_a_turn_without_an_end_is_left_alone(api: Api, database: Database) -> None:
    now = datetime.now(UTC)
    duel = await begin(api, clock=None)
    await duel.play(["e2e4", "e7e5"])
    await beat(database, now - LONG)

    assert await beat(database, now) == 0
