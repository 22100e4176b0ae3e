"""A client on a bad network: it sends each request until it is answered, and follows logs."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import httpx
import msgspec

from ninefold.core.errors import NinefoldError
from ninefold.edge.simulation.copies import Entry, LogCopy
from ninefold.edge.simulation.network import Background, Network

RESEND_AFTER_S: Final = 0.3
SILENCE_S: Final = 2.0
"""After how long without an entry a reader connects again: the last one may be lost, and nothing says so."""

GAP_S: Final = 0.4
RECONNECT_S: Final = 0.1
REFUSED_S: Final = 0.4
"""After how long a reader tries again that has been refused."""

ATTEMPTS_MAX: Final = 400
REQUEST_TIMEOUT_S: Final = 10.0
KEPT_CONNECTIONS: Final = 200

_REFUSED: Final = 300

# A JSON object of the API.
Json: TypeAlias = Mapping[str, Any]


class RefusedError(NinefoldError):
    """A server answered with an error that another attempt doesn't change."""

    code = "simulation_refused"
    title = "Refused"


class UnansweredError(NinefoldError):
    """No server answered a request, however often it was sent."""

    code = "simulation_unanswered"
    title = "Unanswered"


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    body: Json
    answered_before: int = 0
    """How many answers to the same request had arrived when the attempt was sent that it answers."""

    @property
    def is_success(self) -> bool:
        """Whether it did what it was asked for."""
        return self.status < _REFUSED


def open_http() -> httpx.AsyncClient:
    """Return an HTTP client that many simulated clients share."""
    return httpx.AsyncClient(
        trust_env=False, limits=httpx.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS)
    )


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


class _Request(NamedTuple):
    """A request, which is the same for each attempt."""

    method: str
    path: str
    body: Json | None
    name: str


class SimulatedClient:
    """One device of somebody.

    Args:
        http: a client that can be shared.
        address: of the servers.
        token: whose requests it sends.
        name: tells its messages from those of others.
        network: decides what becomes of them.
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
        resend_after_s: float = RESEND_AFTER_S,
    ) -> None:
        self.network: Final = network
        self.answers: Final[dict[str, list[Answer]]] = {}
        """All answers that have arrived, by the message that they answer."""
        self.name: Final = name
        self._connections = 0
        self._resend_after_s: Final = resend_after_s
        self._http: Final = http
        self._address: Final = address
        self._headers: Final = {"Authorization": f"Bearer {token}"}
        self._thawed: Final = asyncio.Event()
        self._thawed.set()
        self._background: Final = Background()
        self._reading: Final[set[asyncio.Timeout]] = set()

    async def send(self, method: str, path: str, body: Json | None = None, *, name: str) -> Answer:
        """Send a request until an answer has arrived, a refusal too; return it.

        Args:
            method: of HTTP.
            path: after the address of the server.
            body: the same for each attempt, so its id is the same too.
            name: of the message, unique for this client.

        Raises:
            UnansweredError: no server answered.
        """
        request = _Request(method, path, body, name)
        attempts: list[asyncio.Task[Answer | None]] = []
        for number in range(ATTEMPTS_MAX):
            if number:
                self.network.counts["sent again"] += 1
            attempts.append(self._background.start(self._deliver(request, attempt=number)))
            answer = await self._first_answer(attempts)
            if answer is not None:
                return answer
        raise UnansweredError(f"{name} wasn't answered after {ATTEMPTS_MAX} attempts.")

    async def follow(self, channel: str, copy: LogCopy) -> None:
        """Follow a log until the copy of it is complete, however often the connection is lost."""
        while not copy.is_ended:
            await self._thawed.wait()
            url = self._address.url
            try:
                await self._read(f"{url}/api/v1/live/{channel}", copy)
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

    def go_offline(self) -> None:
        """Lose the network: neither send nor receive anything, and lose all connections."""
        self._thawed.clear()
        for limit in self._reading:
            limit.reschedule(asyncio.get_running_loop().time())

    def go_online(self) -> None:
        """Have a network again."""
        self._thawed.set()

    async def finish(self) -> None:
        """Let what is still on its way arrive."""
        await self._background.finish(within_s=REQUEST_TIMEOUT_S)

    async def _first_answer(self, attempts: Sequence["asyncio.Task[Answer | None]"]) -> Answer | None:
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

    async def _deliver(self, request: _Request, *, attempt: int) -> Answer | None:
        """Bring a request to the server and the answer back, as the network decides; None if either was lost."""
        fate = self.network.fate_of(f"{self.name} {request.name} request {attempt}")
        if fate.copy_delay_s is not None:
            self._background.start(self._send_after(fate.copy_delay_s, request))
        if fate.is_lost:
            await asyncio.sleep(self._resend_after_s)
            return None
        answer = await self._send_after(fate.delay_s, request)
        back = self.network.fate_of(f"{self.name} {request.name} answer {attempt}")
        await asyncio.sleep(back.delay_s)
        return None if back.is_lost else answer

    async def _send_after(self, delay_s: float, request: _Request) -> Answer | None:
        await asyncio.sleep(delay_s)
        await self._thawed.wait()
        url = self._address.url
        answered_before = len(self.answers.get(request.name, ()))
        try:
            response = await self._http.request(
                request.method,
                f"{url}{request.path}",
                json=request.body,
                headers=self._headers,
                timeout=REQUEST_TIMEOUT_S,
            )
        except httpx.TransportError:
            self._address.is_down(url)
            return None
        if response.is_server_error:
            return None
        body = response.json() if response.content else {}
        answer = Answer(response.status_code, body, answered_before)
        self.answers.setdefault(request.name, []).append(answer)
        return answer

    async def _read(self, url: str, copy: LogCopy) -> None:
        """Read until the connection ends, an entry is missing, or the log has ended."""
        headers = {**self._headers, "Last-Event-ID": str(copy.last_sequence)}
        async with self._http.stream("GET", url, headers=headers, timeout=REQUEST_TIMEOUT_S) as response:
            if not response.is_success:
                # Access can have ended, and can begin again.
                await asyncio.sleep(REFUSED_S)
                return
            self._connections += 1
            connection = self._connections
            self.network.counts["reconnected"] += connection > 1
            lines = response.aiter_lines()
            name = ""
            while not copy.is_ended:
                line = await self._next_line(lines, within_s=GAP_S if copy.has_gap else SILENCE_S)
                await self._thawed.wait()
                if line is None:
                    return
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data" and not name:
                    if self._arrive(msgspec.json.decode(value), copy, connection=connection):
                        return
                elif not line:
                    name = ""

    async def _next_line(self, lines: AsyncIterator[str], *, within_s: float) -> str | None:
        async with asyncio.timeout(within_s) as limit:
            self._reading.add(limit)
            try:
                return await anext(lines, None)
            finally:
                self._reading.discard(limit)

    def _arrive(self, entry: Entry, copy: LogCopy, *, connection: int) -> bool:
        """Hand over an entry as the network decides: late, twice or not at all; return whether the connection ends."""
        fate = self.network.fate_of(f"{self.name} entry {entry['sequence']} connection {connection}")
        if not fate.is_lost:
            self._background.call_later(fate.delay_s, lambda: copy.receive(entry))
        if fate.copy_delay_s is not None:
            self._background.call_later(fate.copy_delay_s, lambda: copy.receive(entry))
        self.network.counts["cut"] += fate.is_cut
        return fate.is_cut
