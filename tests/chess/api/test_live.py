"""What live feeds show of a game: to its players, to those who watch, and to nobody else."""

import asyncio
import json
from typing import Any

import httpx

from chess_api import FOOLS_MATE, Duel, begin, create_player
from http_api import Api

ARRIVES_WITHIN_S = 30.0


async def token_of(api: Api, player_id: str) -> str:
    """Create a token of a player."""
    created = await api.done("POST", f"/chess/players/{player_id}/tokens", json={"name": "tests"})
    token: str = created["token"]
    return token


async def read(api: Api, channel: str, *, token: str, count: int, after: int = 0) -> list[dict[str, Any]]:
    """Read so many entries of a channel, as server-sent events."""
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(after)}
    entries: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(ARRIVES_WITHIN_S),
        api.http.stream("GET", f"/api/v1/live/{channel}", headers=headers) as response,
    ):
        assert response.is_success, await response.aread()
        name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and not name:
                entries.append(json.loads(value))
            elif not line:
                name = ""
            if len(entries) == count:
                break
    return entries


async def log_of(duel: Duel) -> list[dict[str, Any]]:
    """Return the log of a game in the form of the feed."""
    return [{**{name: e[name] for name in ("sequence", "type", "at")}, **e["data"]} for e in await duel.events()]


async def test_players_and_spectators_see_exactly_the_log(server_api: Api) -> None:
    duel = await begin(server_api, is_rated=True)
    await duel.play(["e2e4", "e7e5"])
    await duel.act("white", "offer_takeback")
    await duel.act("black", "accept_takeback")
    await duel.play(FOOLS_MATE)
    log = await log_of(duel)
    watcher = await create_player(server_api)

    for player_id in (*duel.players.values(), watcher):
        token = await token_of(server_api, player_id)
        assert await read(server_api, f"chess.game:{duel.game_id}", token=token, count=len(log)) == log
    move, last = log[1], log[-1]
    assert move.keys() >= {"ply", "uci", "san", "fen", "position_hash", "clocks", "elapsed_ms", "claimed_lag_ms"}
    assert last["ratings"]["black"]["change"] > 0


async def test_a_reader_continues_after_what_it_has(server_api: Api) -> None:
    duel = await begin(server_api)
    await duel.play(FOOLS_MATE)
    log = await log_of(duel)
    token = await token_of(server_api, duel.players["white"])

    rest = await read(server_api, f"chess.game:{duel.game_id}", token=token, count=len(log) - 3, after=3)

    assert rest == log[3:]


async def test_a_move_reaches_who_reads_already(server_api: Api) -> None:
    duel = await begin(server_api)
    token = await token_of(server_api, duel.players["black"])
    reading = asyncio.create_task(read(server_api, f"chess.game:{duel.game_id}", token=token, count=2))

    await duel.move("e2e4", lag_ms=40)

    assert [entry["type"] for entry in await reading] == ["started", "move"]


async def test_the_chat_of_players_is_for_them(server_api: Api) -> None:
    duel = await begin(server_api)
    body = {"room": "player", "text": "Good luck!", "player_id": duel.players["white"]}
    await server_api.done("POST", f"{duel.path}/chat", json=body)
    own = await token_of(server_api, duel.players["black"])
    other = await token_of(server_api, await create_player(server_api))
    channel = f"chess.player_chat:{duel.game_id}"

    (line,) = await read(server_api, channel, token=own, count=1)

    assert (line["text"], line["player_id"]) == ("Good luck!", duel.players["white"])
    assert (await _status(server_api, channel, token=other)) == 404


async def test_a_players_token_reads_no_other_system(server_api: Api) -> None:
    token = await token_of(server_api, await create_player(server_api))
    organisation_id = "org_01m8305b05ebfsfbwdfww0q6bf"

    assert await _status(server_api, f"webhooks.health:{organisation_id}", token=token) == 404
    assert await _status(server_api, "chess.game:game_01m8305b05ebfsfbwdfww0q6bf", token=token) == 404


async def _status(api: Api, channel: str, *, token: str) -> int:
    response: httpx.Response = await api.http.get(
        f"/api/v1/live/{channel}", headers={"Authorization": f"Bearer {token}"}
    )
    return response.status_code
