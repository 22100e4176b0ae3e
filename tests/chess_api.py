"""A client of chess's API: two players of an organisation, and a game between them."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from http_api import Api, Json

GAMES = "/chess/games"
BLITZ = {"limit_s": 180, "increment_s": 2}
_numbers = count(1)

SCHOLARS_MATE = ["e2e4", "e7e5", "d1h5", "b8c6", "f1c4", "g8f6", "h5f7"]
FOOLS_MATE = ["f2f3", "e7e5", "g2g4", "d8h4"]


class Duel:
    """A game between two players, which an API key plays for both."""

    def __init__(self, api: Api, game: Json) -> None:
        self.api = api
        self.game_id: str = game["game_id"]
        self.path = f"{GAMES}/{self.game_id}"
        self.players = {"white": game["white_player_id"], "black": game["black_player_id"]}
        self.ply = 0

    async def move(self, uci: str, *, colour: str | None = None, ply: int | None = None, **fields: Any) -> Json:
        """Make the next move, by whose turn it is."""
        ply = self.ply + 1 if ply is None else ply
        body = {
            "ply": ply,
            "move": uci,
            "client_move_id": f"m{next(_numbers)}",
            "player_id": self.players[colour or ("white" if ply % 2 else "black")],
            **fields,
        }
        answer = await self.api.done("POST", f"{self.path}/moves", json=body)
        self.ply = answer["ply"]
        return answer

    async def play(self, moves: Sequence[str]) -> Json:
        """Make several moves, all of which must count; return the last answer."""
        answer: Json = {}
        for uci in moves:
            answer = await self.move(uci)
            assert answer["result"] == "committed", (uci, answer)
        return answer

    async def act(self, colour: str, action: str, **fields: Any) -> Json:
        """Do something besides moving."""
        body = {
            "action": action,
            "client_action_id": f"a{next(_numbers)}",
            "player_id": self.players[colour],
            **fields,
        }
        answer = await self.api.done("POST", f"{self.path}/actions", json=body)
        self.ply = answer["ply"]
        return answer

    async def show(self) -> Json:
        """Show the game."""
        return await self.api.get(self.path)

    async def events(self) -> list[Json]:
        """Return the whole log."""
        items: list[Json] = (await self.api.get(f"{self.path}/events"))["items"]
        return items


async def create_player(api: Api, name: str = "player") -> str:
    """Create a player with a name of its own; return its id."""
    created = await api.done("POST", "/chess/players", json={"name": f"{name}-{next(_numbers)}"})
    player_id: str = created["player_id"]
    return player_id


async def begin(api: Api, **fields: Any) -> Duel:
    """Start a game between two new players."""
    body = {
        "white_player_id": await create_player(api, "white"),
        "black_player_id": await create_player(api, "black"),
        "clock": BLITZ,
        **fields,
    }
    return Duel(api, await api.done("POST", GAMES, json=body))
