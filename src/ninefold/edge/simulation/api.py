"""What doesn't go over the bad network: requests with an API key, for preparing and for comparing."""

import asyncio
from typing import Any, Final

import httpx
import msgspec

from ninefold.edge.simulation.clients import Address, RefusedError, UnansweredError
from ninefold.edge.simulation.copies import Entry

EVENTS_LIMIT: Final = 500
RETRY_S: Final = 0.2
ATTEMPTS_MAX: Final = 300
REQUEST_TIMEOUT_S: Final = 30.0


class RetryingApi:
    """Sends requests with an API key, until a server answers.

    Args:
        http: a client that can be shared.
        address: of the servers.
        api_key: of the organisation.
        prefix: what all paths begin with.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, *, api_key: str, prefix: str) -> None:
        self._http: Final = http
        self._address: Final = address
        self._prefix: Final = prefix
        self._headers: Final = {"Authorization": f"Bearer {api_key}"}

    async def request(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Send a request; return the object of the answer.

        Raises:
            RefusedError: a server answered with an error that another attempt doesn't change.
            UnansweredError: no server answered.
        """
        answer: dict[str, Any] = msgspec.json.decode((await self.send(method, path, body)).content)
        return answer

    async def list_log(self, path: str) -> list[Entry]:
        """Return a log that was committed, in the form of the live feed."""
        entries: list[Entry] = []
        while True:
            found = (await self.request("GET", f"{path}?limit={EVENTS_LIMIT}&after={len(entries)}"))["items"]
            entries += [
                {**{name: value for name, value in each.items() if name != "data"}, **each["data"]} for each in found
            ]
            if len(found) < EVENTS_LIMIT:
                return entries

    async def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send a request; return the answer.

        Raises:
            RefusedError: a server answered with an error that another attempt doesn't change.
            UnansweredError: no server answered.
        """
        for _ in range(ATTEMPTS_MAX):
            url = self._address.url
            try:
                response = await self._http.request(
                    method, f"{url}{self._prefix}{path}", json=body, headers=self._headers, timeout=REQUEST_TIMEOUT_S
                )
            except httpx.TransportError:
                self._address.is_down(url)
            else:
                if response.is_success:
                    return response
                if not response.is_server_error:
                    raise RefusedError(f"{method} {path} was answered with {response.status_code}: {response.text}")
            await asyncio.sleep(RETRY_S)
        raise UnansweredError(f"{method} {path} wasn't answered after {ATTEMPTS_MAX} attempts.")
