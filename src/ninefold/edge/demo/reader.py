"""The demo's client for the assistant: asks, and follows an answer as a page does."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import httpx
import msgspec

from ninefold.edge.demo.api import RefusedError

REQUEST_TIMEOUT_S: Final = 30.0
RECONNECT_S: Final = 0.2
EVENTS_LIMIT: Final = 1_000

# An event of a log: its type, its sequence number and its payload, whose form depends on the type.
Entry: TypeAlias = Mapping[str, Any]

_ENDS: Final = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "ninefold.response.cancelled"}
)


class UsageOfAnswer(msgspec.Struct, frozen=True):
    """The tokens of an answer."""

    output_tokens: int


class AnswerState(msgspec.Struct, frozen=True):
    """An answer, as the API shows it."""

    response_id: str
    status: str
    text: str
    usage: UsageOfAnswer


class _Conversation(msgspec.Struct, frozen=True):
    conversation_id: str


class _Message(msgspec.Struct, frozen=True):
    response: AnswerState


class _Sent(msgspec.Struct, frozen=True):
    answer: _Message


class _LogEvent(msgspec.Struct, frozen=True):
    sequence_number: int
    type: str
    data: dict[str, Any]


class _LogEvents(msgspec.Struct, frozen=True):
    items: list[_LogEvent]


class AssistantApi:
    """Sends the demo's requests with its API key."""

    def __init__(self, *, url: str, api_key: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self.http.aclose()

    async def ask(self, question: str, *, max_output_tokens: int, seed: int) -> str:
        """Ask in a new conversation; return the response's id."""
        created = await self._request("POST", "/conversations", {})
        path = f"/conversations/{msgspec.json.decode(created, type=_Conversation).conversation_id}/messages"
        sent = await self._request(
            "POST", path, {"text": question, "max_output_tokens": max_output_tokens, "seed": seed}
        )
        return msgspec.json.decode(sent, type=_Sent).answer.response.response_id

    async def get_response(self, response_id: str) -> AnswerState:
        """Return an answer as it is now."""
        return msgspec.json.decode(await self._request("GET", f"/responses/{response_id}"), type=AnswerState)

    async def list_log(self, response_id: str) -> list[Entry]:
        """Return the log of an answer, in the form of the live feed."""
        entries: list[Entry] = []
        while True:
            path = f"/responses/{response_id}/events?limit={EVENTS_LIMIT}&after={len(entries) - 1}"
            found = msgspec.json.decode(await self._request("GET", path), type=_LogEvents).items
            entries += [{"type": e.type, "sequence_number": e.sequence_number, **e.data} for e in found]
            if len(found) < EVENTS_LIMIT:
                return entries

    async def _request(self, method: str, path: str, body: object = None) -> bytes:
        response = await self.http.request(method, f"/api/v1/assistant{path}", json=body)
        if not response.is_success:
            raise RefusedError(f"{method} {path} was answered with {response.status_code}: {response.text}")
        return response.content


class AnswerReader:
    """Follows an answer over its live channel. When the connection is lost, it continues after the last event.

    Args:
        api: of the installation.
        response_id: the answer.
        on_entry: called with each event.
    """

    def __init__(self, api: AssistantApi, response_id: str, *, on_entry: Callable[[Entry], None]) -> None:
        self._http = api.http
        self._path = f"/api/v1/live/assistant.response:{response_id}"
        self._on_entry = on_entry
        self._last_id = "0"

    async def run(self) -> None:
        """Read until the last event."""
        while True:
            try:
                if await self._read():
                    return
            except httpx.TransportError:
                await asyncio.sleep(RECONNECT_S)

    async def _read(self) -> bool:
        """Read until the connection ends; return whether the answer has ended."""
        async with self._http.stream("GET", self._path, headers={"Last-Event-ID": self._last_id}) as response:
            entry_id = name = ""
            async for line in response.aiter_lines():
                field, _, value = line.partition(": ")
                if field == "id":
                    entry_id = value
                elif field == "event":
                    name = value
                elif field == "data" and not name:
                    self._last_id = entry_id
                    entry: Entry = msgspec.json.decode(value)
                    self._on_entry(entry)
                    if entry["type"] in _ENDS:
                        return True
                elif not line:
                    name = ""
        return False
