"""The demo's client for Ninefold's HTTP API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Generic, TypeVar

import httpx
import msgspec

from ninefold.core.errors import NinefoldError
from ninefold.edge.demo.payloads import Payload

PAGE_LIMIT: Final = 100
PAGES_MAX: Final = 100
REQUEST_TIMEOUT_S: Final = 30.0

T = TypeVar("T")


class RefusedError(NinefoldError):
    """Ninefold answered the demo with an error."""

    code = "demo_refused"
    title = "Refused"


class Created(msgspec.Struct, frozen=True):
    """A subscription that was created."""

    subscription_id: str
    secret: str


class Accepted(msgspec.Struct, frozen=True):
    """An event that was accepted."""

    event_id: str
    queued_deliveries: int


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a delivery: the fields that the demo shows."""

    response_code: int | None = None
    error_class: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    """A delivery: the fields that the demo shows."""

    delivery_id: str
    status: str
    attempt_count: int
    attempts: list[Attempt]
    next_attempt_at: datetime | None = None
    waiting_reason: str | None = None


class CreatedSource(msgspec.Struct, frozen=True):
    """A source of callbacks that was created."""

    ingest_url: str
    forward_secret: str


class Callback(msgspec.Struct, frozen=True):
    """A callback: the fields that the demo shows."""

    callback_id: str
    status: str


class _Page(msgspec.Struct, Generic[T], frozen=True):
    items: list[T]
    next_cursor: str | None = None


class _Event(msgspec.Struct, frozen=True):
    event_type: str
    payload: msgspec.Raw


class Api:
    """Ninefold's API, with the demo's key."""

    def __init__(self, *, url: str, api_key: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {api_key}"},
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def subscribe(self, *, url: str, event_types: tuple[str, ...], description: str) -> Created:
        """Create a subscription."""
        body = {"url": url, "event_types": event_types, "description": description}
        return await self._post("/api/v1/subscriptions", msgspec.json.encode(body), Created)

    async def publish(self, payload: Payload) -> Accepted:
        """Publish an event, with the bytes of its payload unchanged."""
        event = _Event(event_type=payload.event_type, payload=msgspec.Raw(payload.body))
        return await self._post("/api/v1/events", msgspec.json.encode(event), Accepted)

    async def list_deliveries(self, subscription_id: str, *, status: str | None = None) -> list[Delivery]:
        """Return the deliveries of a subscription that have an outcome, or those with one status."""
        query = {} if status is None else {"status": status}
        return await self._list(f"/api/v1/subscriptions/{subscription_id}/deliveries", query, Delivery)

    async def create_source(self, *, name: str, secret: str, forward_url: str) -> CreatedSource:
        """Create a source of GitHub's callbacks, which are forwarded to a URL."""
        body = {"provider": "github", "name": name, "secrets": [secret], "forward_url": forward_url}
        return await self._post("/api/v1/sources", msgspec.json.encode(body), CreatedSource)

    async def list_callbacks(self) -> list[Callback]:
        """Return all callbacks."""
        return await self._list("/api/v1/callbacks", {}, Callback)

    async def _list(self, path: str, query: Mapping[str, str], kind: type[T]) -> list[T]:
        found: list[T] = []
        parameters: dict[str, str | int] = {"limit": PAGE_LIMIT, **query}
        for _ in range(PAGES_MAX):
            # The type is only known at run time.
            page: _Page[T] = _decode(await self._http.get(path, params=parameters), _Page[kind])  # type: ignore[valid-type]
            found += page.items
            if page.next_cursor is None:
                break
            parameters["cursor"] = page.next_cursor
        return found

    async def _post(self, path: str, body: bytes, kind: type[T]) -> T:
        headers = {"Content-Type": "application/json"}
        return _decode(await self._http.post(path, content=body, headers=headers), kind)


def _decode(response: httpx.Response, kind: type[T]) -> T:
    if not response.is_success:
        raise RefusedError(
            f"{response.request.method} {response.url.path} answered {response.status_code}: {response.text[:500]}"
        )
    return msgspec.json.decode(response.content, type=kind)
