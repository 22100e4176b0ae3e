"""The requests that lichess-bot makes, in its order and with its time limits: 2 s a call, 15 s of silence of a stream.

The program itself isn't here, because it is AGPL. `docs/systems/chess.md` says how it was run.
"""

import json
import threading
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import httpx

from chess_installation import ChessInstallation
from lichess_players import FOOLS_MATE, Stream

# As the program does; twice that here, because tests share their machine.
CALL_WITHIN_S = 4.0
SILENT_FOR_S = 15.0


class Bot:
    """A bot as lichess-bot runs it, with a list of moves instead of an engine."""

    def __init__(self, installation: ChessInstallation, token: str, moves: list[str]) -> None:
        self._http = httpx.Client(
            base_url=installation.url, headers={"Authorization": f"Bearer {token}"}, timeout=CALL_WITHIN_S
        )
        self._moves = moves
        info = self.post("/api/token/test", content=token)[token]
        assert "bot:play" in info["scopes"].split(",")
        self.name = self.get("/api/account")["username"]
        assert self.get("/api/account/playing")["nowPlaying"] == []
        self.events = Stream(self._lines("/api/stream/event"))

    def get(self, path: str, **given: Any) -> Any:
        """Return the answer to a request that succeeds."""
        return self._http.get(path, **given).raise_for_status().json()

    def post(self, path: str, **given: Any) -> Any:
        """Return the answer to a request that succeeds."""
        return self._http.post(path, **given).raise_for_status().json()

    def play(self, game_id: str) -> dict[str, Any]:
        """Play a whole game; return its last state."""
        game = f"/api/bot/game/{game_id}"
        lines = self._lines(f"/api/bot/game/stream/{game_id}")
        full = next(lines)
        assert full["type"] == "gameFull"
        is_white = full["white"]["id"] == self.name
        state = full["state"]
        has_greeted = False
        while state["status"] == "started":
            made = state["moves"].split()
            if (len(made) % 2 == 0) == is_white:
                if not has_greeted:
                    self._greet(game)
                    has_greeted = True
                self.post(f"{game}/move/{self._moves[len(made)]}", params={"offeringDraw": "false"})
            state = next(line for line in lines if line["type"] == "gameState")
        self.post(f"{game}/chat", data={"room": "player", "text": "Good game!"})
        assert "1. f3" in self._http.get(f"/game/export/{game_id}").raise_for_status().text
        return dict(state)

    def _greet(self, game: str) -> None:
        for room in ("player", "spectator"):
            assert self.post(f"{game}/chat", data={"room": room, "text": f"Hi! I'm {self.name}."}) == {"ok": True}

    def _lines(self, path: str) -> Iterator[Any]:
        limits = httpx.Timeout(CALL_WITHIN_S, read=SILENT_FOR_S)
        with self._http.stream("GET", path, timeout=limits) as response:
            response.raise_for_status()
            yield from (json.loads(line) for line in response.iter_lines() if line)


def test_lichess_bot_plays_lichess_bot(installation: ChessInstallation, organisation_id: UUID) -> None:
    one, two = [
        Bot(installation, installation.new_token(organisation_id, name, is_bot=True), FOOLS_MATE)
        for name in ("white_bot", "black_bot")
    ]
    online = one._http.get("/api/bot/online", params={"nb": "512"}).text.splitlines()
    assert {json.loads(each)["id"] for each in online} == {"white_bot", "black_bot"}
    assert one.get("/api/users/status", params={"ids": "black_bot"})[0]["online"] is True
    assert one.get("/api/user/black_bot")["perfs"]["bullet"]["rating"] == 1500

    # Matchmaking sends JSON, with numbers and strings as they come.
    terms = {"rated": "true", "variant": "standard", "clock.limit": 60, "clock.increment": 1, "color": "white"}
    challenge = one.post("/api/challenge/black_bot", json=terms)
    event = two.events.until(lambda each: each["type"] == "challenge")
    assert event["challenge"]["id"] == challenge["id"]
    two.post(f"/api/challenge/{challenge['id']}/accept")
    ended: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda bot=bot: ended.append(bot.play(challenge["id"]))) for bot in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [(each["status"], each["winner"]) for each in ended] == [("mate", "black")] * 2
    for bot in (one, two):
        bot.events.until(lambda each: each["type"] == "gameFinish")


def test_lichess_bot_declines(installation: ChessInstallation, organisation_id: UUID) -> None:
    one, two = [
        Bot(installation, installation.new_token(organisation_id, name, is_bot=True), []) for name in ("aa", "bb")
    ]
    challenge = one.post("/api/challenge/bb", json={"rated": "false", "days": 3, "color": "random"})
    two.post(
        f"/api/challenge/{challenge['id']}/decline",
        content="reason=timeControl",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    declined = one.events.until(lambda each: each["type"] == "challengeDeclined")["challenge"]
    assert declined["declineReasonKey"] == "timecontrol"
