"""A worker ends games in time, and says who is gone; clients see it in the log."""

import asyncio
from collections.abc import Awaitable, Callable

from prometheus_client import REGISTRY

from chess_api import begin
from chess_turns import let_pass
from http_api import Api, Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database

WITHIN_S = 20.0


async def until(read: Callable[[], Awaitable[Json]], condition: Callable[[Json], bool]) -> Json:
    """Read until something is so; return it."""
    async with asyncio.timeout(WITHIN_S):
        while not condition(found := await read()):
            await asyncio.sleep(0.05)
    return found


async def test_a_worker_flags_a_player_whose_time_is_up(
    api: Api, database: Database, start_worker: StartWorker
) -> None:
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    await let_pass(database, duel, 200)
    counted = REGISTRY.get_sample_value("ninefold_chess_flag_delay_seconds_count") or 0.0

    async with start_worker():
        game = await until(duel.show, lambda game: game["status"] == "ended")

    assert (game["winner"], game["reason"]) == ("black", "flag")
    assert REGISTRY.get_sample_value("ninefold_chess_flag_delay_seconds_count") == counted + 1


async def test_a_silent_player_is_gone_and_the_opponent_claims_the_win(
    api: Api, database: Database, start_worker: StartWorker
) -> None:
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    body = {"player_id": duel.players["black"]}
    await api.request("POST", f"{duel.path}/presence", json=body)
    early = await duel.act("white", "claim_victory")
    await let_pass(database, duel, 60)

    async with start_worker():
        await until(duel.show, lambda game: (game["presence"]["black"] or {}).get("is_gone") is True)
    claimed = await duel.act("white", "claim_victory")

    assert (early["reason"], claimed["result"]) == ("opponent_present", "committed")
    assert [event["type"] for event in await duel.events()][-2:] == ["player_gone", "ended"]
    assert (await duel.show())["reason"] == "abandonment"


async def test_a_player_who_comes_back_isnt_gone(api: Api, database: Database, start_worker: StartWorker) -> None:
    duel = await begin(api)
    await duel.play(["e2e4", "e7e5"])
    body = {"player_id": duel.players["black"]}
    await api.request("POST", f"{duel.path}/presence", json=body)
    await let_pass(database, duel, 60)
    async with start_worker():
        await until(duel.show, lambda game: (game["presence"]["black"] or {}).get("is_gone") is True)

    await api.request("POST", f"{duel.path}/presence", json=body)

    assert (await duel.act("white", "claim_victory"))["reason"] == "opponent_present"
    assert (await duel.events())[-1]["type"] == "player_back"
