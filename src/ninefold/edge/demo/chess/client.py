"""A client of chess on a bad network: it sends each request until it is answered, and follows the log of a game."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import httpx
import msgspec

from ninefold.edge.demo.api import RefusedError
from ninefold.edge.demo.chess.copies import Entry, GameCopy
from ninefold.edge.demo.chess.network import Background, Network

RESEND_AFTER_S: Final = 0.3
SILENCE_S: Final = 2.0
"""After how long without an entry a reader connects again: the last one may be lost, and nothing says so."""

GAP_S: Final = 0.4
RECONNECT_S: Final = 0.1
ATTEMPTS_MAX: Final = 400
REQUEST_TIMEOUT_S: Final = 10.0

# A JSON object of the API.
Json: TypeAlias = Mapping[str, Any]


class Address:
    """Where the servers of an installation are; a client goes to the next one when one doesn't answer."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls: Final = urls
        self._number = 0

    @property
    def url(self) -> str:
        """The server to send the next request to."""
        return self._urls[self._number % len(self._urls)]

    def is_down(self, url: str) -> None:
        """Note that a server didn't answer."""
        if url == self.url:
            self._number += 1


class ChessClient:
    """One player or spectator of a game.

    Args:
        http: a client that can be shared.
        address: of the servers.
        token: of the player.
        name: tells its messages from those of others.
        network: decides what becomes of them.
        copy: gets the entries of the log.
        resend_after_s: how long it waits for an answer before it sends a request again.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        address: Address,
        *,
        token: str,
        name: str,
        network: Network,
        copy: GameCopy,
        resend_after_s: float = RESEND_AFTER_S,
    ) -> None:
        self.copy: Final = copy
        self.network: Final = network
        self.answers: Final[dict[str, list[Json]]] = {}
        """All answers that have arrived, by the message that they answer."""
        self.name: Final = name
        self._refused: Final[list[str]] = []
        self._connections = 0
        self._resend_after_s: Final = resend_after_s
        self._http: Final = http
        self._address: Final = address
        self._headers: Final = {"Authorization": f"Bearer {token}"}
        self._thawed: Final = asyncio.Event()
        self._thawed.set()
        self._background: Final = Background()

    async def send(self, path: str, body: Json, *, name: str) -> Json:
        """Send a request until an answer has arrived; return it.

        Args:
            path: after `/api/v1`.
            body: the same for each attempt, so its id is the same too.
            name: of the message, unique for this client.

        Raises:
            RefusedError: the server answered with an error that another attempt doesn't change.
        """
        attempts: list[asyncio.Task[Json | None]] = []
        for number in range(ATTEMPTS_MAX):
            if number:
                self.network.counts["sent again"] += 1
            attempts.append(self._background.start(self._deliver(path, body, name=name, attempt=number)))
            answer = await self._first_answer(attempts)
            if self._refused:
                raise RefusedError(self._refused[0])
            if answer is not None:
                return answer
        raise RefusedError(f"{name} wasn't answered after {ATTEMPTS_MAX} attempts.")

    async def follow(self, channel: str) -> None:
        """Follow the log of a game until it is complete, however often the connection is lost."""
        while not self.copy.is_ended:
            url = self._address.url
            try:
                await self._read(f"{url}/api/v1/live/{channel}")
            except TimeoutError:
                pass
            except httpx.TransportError:
                self._address.is_down(url)
                await asyncio.sleep(RECONNECT_S)

    async def freeze(self, duration_s: float) -> None:
        """Neither send nor receive anything for a time."""
        self._thawed.clear()
        await asyncio.sleep(duration_s)
        self._thawed.set()

    async def finish(self) -> None:
        """Let what is still on its way arrive."""
        await self._background.finish(within_s=REQUEST_TIMEOUT_S)

    async def _first_answer(self, attempts: Sequence["asyncio.Task[Json | None]"]) -> Json | None:
        """Return the first answer to any of the attempts, also a late one; None if it is time for another one."""
        pending = [attempt for attempt in attempts if not attempt.done()]
        if pending:
            await asyncio.wait(pending, timeout=self._resend_after_s, return_when=asyncio.FIRST_COMPLETED)
        for attempt in attempts:
            if attempt.done() and (answer := attempt.result()) is not None:
                return answer
        if len(pending) < len(attempts):
            await asyncio.sleep(self._resend_after_s / 4)
        return None

    async def _deliver(self, path: str, body: Json, *, name: str, attempt: int) -> Json | None:
        """Bring a request to the server and the answer back, as the network decides; None if either was lost."""
        fate = self.network.fate_of(f"{self.name} {name} request {attempt}")
        if fate.copy_delay_s is not None:
            self._background.start(self._post_after(fate.copy_delay_s, path, body, name=name))
        if fate.is_lost:
            await asyncio.sleep(self._resend_after_s)
            return None
        answer = await self._post_after(fate.delay_s, path, body, name=name)
        back = self.network.fate_of(f"{self.name} {name} answer {attempt}")
        await asyncio.sleep(back.delay_s)
        return None if back.is_lost else answer

    async def _post_after(self, delay_s: float, path: str, body: Json, *, name: str) -> Json | None:
        await asyncio.sleep(delay_s)
        await self._thawed.wait()
        url = self._address.url
        try:
            response = await self._http.post(
                f"{url}/api/v1{path}", json=body, headers=self._headers, timeout=REQUEST_TIMEOUT_S
            )
        except httpx.TransportError:
            self._address.is_down(url)
            return None
        if response.is_server_error:
            return None
        if not response.is_success:
            self._refused.append(f"{name} was answered with {response.status_code}: {response.text[:500]}")
            return None
        answer: Json = response.json()
        self.answers.setdefault(name, []).append(answer)
        return answer

    async def _read(self, url: str) -> None:
        """Read until the connection ends, an entry is missing, or the game has ended."""
        headers = {**self._headers, "Last-Event-ID": str(self.copy.last_sequence)}
        async with self._http.stream("GET", url, headers=headers, timeout=REQUEST_TIMEOUT_S) as response:
            if not response.is_success:
                raise httpx.ReadError(f"{response.status_code}")
            self._connections += 1
            self.network.counts["reconnected"] += self._connections > 1
            lines = response.aiter_lines()
            name = ""
            while not self.copy.is_ended:
                async with asyncio.timeout(GAP_S if self.copy.has_gap else SILENCE_S):
                    line = await anext(lines, None)
                await self._thawed.wait()
                if line is None:
                    return
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and not name:
                    self._arrive(msgspec.json.decode(value))
                elif not line:
                    name = ""

    def _arrive(self, entry: Entry) -> None:
        """Hand over an entry as the network decides: late, twice or not at all."""
        fate = self.network.fate_of(f"{self.name} entry {entry['sequence']} connection {self._connections}")
        if not fate.is_lost:
            self._background.call_later(fate.delay_s, lambda: self.copy.receive(entry))
        if fate.copy_delay_s is not None:
            self._background.call_later(fate.copy_delay_s, lambda: self.copy.receive(entry))
