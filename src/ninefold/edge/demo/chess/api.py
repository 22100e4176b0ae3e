"""What isn't part of a game: players, starting games, and the log that was committed. It goes over a good network."""

import asyncio
from typing import Any, Final

import httpx
import msgspec

from ninefold.edge.demo.api import RefusedError
from ninefold.edge.demo.chess.client import Address
from ninefold.edge.demo.chess.copies import Entry

EVENTS_LIMIT: Final = 500
RETRY_S: Final = 0.2
ATTEMPTS_MAX: Final = 300
REQUEST_TIMEOUT_S: Final = 30.0


class ChessApi:
    """Sends requests with an API key, until a server answers.

    Args:
        http: a client that can be shared.
        address: of the servers.
        api_key: of the organisation.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, *, api_key: str) -> None:
        self._http: Final = http
        self._address: Final = address
        self._headers: Final = {"Authorization": f"Bearer {api_key}"}

    async def create_player(self, name: str) -> tuple[str, str]:
        """Create a bot; return its id and a token."""
        player = await self._request("POST", "/players", {"name": name, "is_bot": True})
        created = await self._request("POST", f"/players/{player['player_id']}/tokens", {"name": "demo"})
        return player["player_id"], created["token"]

    async def start_game(self, *, white: str, black: str, **terms: Any) -> dict[str, Any]:
        """Start a game between two players; `terms` are the other fields of the request."""
        return await self._request("POST", "/games", {"white_player_id": white, "black_player_id": black, **terms})

    async def get_game(self, game_id: str) -> dict[str, Any]:
        """Return a game as it is now."""
        return await self._request("GET", f"/games/{game_id}")

    async def list_log(self, game_id: str) -> list[Entry]:
        """Return the log of a game that was committed, in the form of the live feed."""
        entries: list[Entry] = []
        while True:
            path = f"/games/{game_id}/events?limit={EVENTS_LIMIT}&after={len(entries)}"
            found = (await self._request("GET", path))["items"]
            entries += [{"sequence": e["sequence"], "type": e["type"], "at": e["at"], **e["data"]} for e in found]
            if len(found) < EVENTS_LIMIT:
                return entries

    async def get_pgn(self, game_id: str) -> str:
        """Return a game as PGN."""
        return (await self._send("GET", f"/games/{game_id}/pgn")).text

    async def _request(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = msgspec.json.decode((await self._send(method, path, body)).content)
        return answer

    async def _send(self, method: str, path: str, body: object = None) -> httpx.Response:
        for _ in range(ATTEMPTS_MAX):
            url = self._address.url
            try:
                response = await self._http.request(
                    method, f"{url}/api/v1/chess{path}", json=body, headers=self._headers, timeout=REQUEST_TIMEOUT_S
                )
            except httpx.TransportError:
                self._address.is_down(url)
            else:
                if response.is_success:
                    return response
                if not response.is_server_error:
                    raise RefusedError(f"{method} {path} was answered with {response.status_code}: {response.text}")
            await asyncio.sleep(RETRY_S)
        raise RefusedError(f"{method} {path} wasn't answered after {ATTEMPTS_MAX} attempts.")
