"""A player with an open stream is online and at its game, and one without is neither after a while."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from chess_api import begin
from chess_installation import ChessInstallation
from http_api import Api
from lichess_players import ARRIVES_WITHIN_S, Pair, Stream
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.systems.chess.lichess.presence import StreamPresence
from ninefold.systems.chess.model import GAME_PREFIX, PLAYER_PREFIX
from ninefold.systems.chess.service.players import get_player

HOUR_AGO = timedelta(hours=1)


def wait_until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + ARRIVES_WITHIN_S
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def forget_players(installation: ChessInstallation, organisation_id: UUID) -> None:
    """Let an hour pass since anybody was seen."""
    then = datetime.now(UTC) - HOUR_AGO
    installation.execute("UPDATE chess.player SET seen_at = $2 WHERE organisation_id = $1", organisation_id, then)


def forget_at_game(installation: ChessInstallation, game_id: str) -> None:
    """Let an hour pass since anybody was seen at a game."""
    installation.execute(
        "UPDATE chess.presence SET seen_at = $2 FROM chess.game "
        "WHERE game.game_id = presence.game_id AND game.short_id = $1 AND presence.gone_at IS NULL",
        game_id,
        datetime.now(UTC) - HOUR_AGO,
    )


def is_black_gone(http: httpx.Client) -> bool:
    """Whether the organisation's only game says so."""
    (game,) = http.get("/api/v1/chess/games").raise_for_status().json()["items"]
    shown = http.get(f"/api/v1/chess/games/{game['game_id']}").raise_for_status().json()["presence"]["black"]
    return shown is not None and shown["is_gone"] is True


def test_a_bot_is_online_while_it_streams(installation: ChessInstallation, organisation_id: UUID) -> None:
    watching = installation.client(installation.new_token(organisation_id, "Watcher"))
    listening = installation.new_token(organisation_id, "Listener", is_bot=True)
    installation.new_token(organisation_id, "Offline", is_bot=True)

    def online() -> list[Any]:
        return [each["id"] for each in watching.bots.get_online_bots()]

    assert online() == []
    with installation.http(listening) as http, http.stream("GET", "/api/stream/event"):
        wait_until(lambda: online() == ["listener"])
        forget_players(installation, organisation_id)
        wait_until(lambda: online() == ["listener"])
        statuses: Any = watching.users.get_realtime_statuses("listener", "offline")
        assert [each.get("online") for each in statuses] == [True, None]
    forget_players(installation, organisation_id)
    assert online() == []


def test_a_player_whose_stream_ends_is_gone_and_comes_back(bots: Pair, installation: ChessInstallation) -> None:
    game_id = bots.begin()
    bots.play(game_id, ["e2e4", "e7e5"])
    ada = Stream(bots.ada.bots.stream_game_state(game_id))
    assert ada.next()["type"] == "gameFull"
    path = f"/api/bot/game/stream/{game_id}"
    with installation.http(bots.token_of_bob) as http:
        with http.stream("GET", path) as response:
            assert next(response.iter_lines())

        def is_gone() -> bool:
            # Again and again, because the server may not know yet that the client has gone.
            forget_at_game(installation, game_id)
            return is_black_gone(http)

        wait_until(is_gone)
        gone = ada.until(lambda each: each["type"] == "opponentGone")
        assert (gone["gone"], gone["claimWinInSeconds"]) == (True, 0)
        with http.stream("GET", path):
            back = ada.until(lambda each: each["type"] == "opponentGone" and not each["gone"])
    assert "claimWinInSeconds" not in back


def test_the_win_is_claimed_when_the_opponent_is_gone(bots: Pair, installation: ChessInstallation) -> None:
    game_id = bots.begin()
    bots.play(game_id, ["e2e4", "e7e5"])
    with installation.http(bots.token_of_ada) as ada, installation.http(bots.token_of_bob) as bob:
        claim = f"/api/bot/game/{game_id}/claim-victory"
        assert ada.post(claim).status_code == 400
        with bob.stream("GET", f"/api/bot/game/stream/{game_id}") as response:
            assert next(response.iter_lines())

        def is_gone() -> bool:
            forget_at_game(installation, game_id)
            return is_black_gone(ada)

        wait_until(is_gone)
        assert ada.post(claim).json() == {"ok": True}
    finished = bots.events_of_bob.until(lambda each: each["type"] == "gameFinish")["game"]
    assert (finished["status"]["name"], finished["winner"]) == ("timeout", "white")


async def test_a_player_whose_stream_ends_at_once_was_there(api: Api, database: Database) -> None:
    duel = await begin(api)
    assert (await duel.show())["presence"]["black"] is None
    async with database.transaction() as connection:
        organisation_id = await connection.fetchval("SELECT organisation_id FROM chess.game")
        black = await get_player(
            connection, organisation_id=organisation_id, player_id=parse_id(PLAYER_PREFIX, duel.players["black"])
        )
    presence = StreamPresence(database, Notifier(database), black, game_id=parse_id(GAME_PREFIX, duel.game_id))
    ended = asyncio.get_running_loop().create_future()
    ended.set_result(None)

    await presence.keep(ended)

    shown = (await duel.show())["presence"]["black"]
    assert (shown["is_gone"], shown["seen_at"] is not None) == (False, True)
