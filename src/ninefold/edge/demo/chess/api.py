"""What isn't part of a game: players, starting games, and the log that was committed. It goes over a good network."""

from typing import Any

import httpx

from ninefold.edge.simulation.api import RetryingApi
from ninefold.edge.simulation.clients import Address
from ninefold.edge.simulation.copies import Entry


class ChessApi(RetryingApi):
    """Sends requests for chess with an API key, until a server answers.

    Args:
        http: a client that can be shared.
        address: of the servers.
        api_key: of the organisation.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, *, api_key: str) -> None:
        super().__init__(http, address, api_key=api_key, prefix="/api/v1/chess")

    async def create_player(self, name: str) -> tuple[str, str]:
        """Create a bot; return its id and a token."""
        player = await self.request("POST", "/players", {"name": name, "is_bot": True})
        created = await self.request("POST", f"/players/{player['player_id']}/tokens", {"name": "demo"})
        return player["player_id"], created["token"]

    async def start_game(self, *, white: str, black: str, **terms: Any) -> dict[str, Any]:
        """Start a game between two players; `terms` are the other fields of the request."""
        return await self.request("POST", "/games", {"white_player_id": white, "black_player_id": black, **terms})

    async def get_game(self, game_id: str) -> dict[str, Any]:
        """Return a game as it is now."""
        return await self.request("GET", f"/games/{game_id}")

    async def list_game_log(self, game_id: str) -> list[Entry]:
        """Return the log of a game that was committed, in the form of the live feed."""
        return await self.list_log(f"/games/{game_id}/events")

    async def get_pgn(self, game_id: str) -> str:
        """Return a game as PGN."""
        return (await self.send("GET", f"/games/{game_id}/pgn")).text
