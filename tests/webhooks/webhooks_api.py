"""A caller of the webhooks' HTTP API, for tests."""

import asyncio
from collections.abc import AsyncIterable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeAlias

import httpx
import msgspec

Json: TypeAlias = dict[str, Any]
"""An answer's object; a test names the fields that it looks at."""

StartWorker: TypeAlias = Callable[..., AbstractAsyncContextManager[None]]
"""Runs a worker for the time of an `async with`, with settings of its own if any are given."""

PROBLEM_FIELDS = {"type", "title", "status", "detail", "code", "is_retryable", "request_id"}
FINAL_STATES = {"delivered", "failed", "canceled"}


class Api:
    """Calls the HTTP API on behalf of one organisation."""

    def __init__(self, http: httpx.AsyncClient, api_key: str) -> None:
        self.http = http
        self.api_key = api_key

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request; `path` is what follows `/api/v1`."""
        if json is not None:
            content = msgspec.json.encode(json)
        sent = {"Authorization": f"Bearer {self.api_key}"}
        if content is not None:
            sent["Content-Type"] = "application/json"
        return await self.http.request(method, f"/api/v1{path}", content=content, headers={**sent, **(headers or {})})

    async def get(self, path: str) -> Json:
        """Read something that is there."""
        return await self.done("GET", path)

    async def done(self, method: str, path: str, **given: Any) -> Json:
        """Send a request that succeeds; return its answer."""
        response = await self.request(method, path, **given)
        assert response.is_success, response.text
        answer: Json = response.json()
        return answer

    async def refused(self, status: int, method: str, path: str, **given: Any) -> Json:
        """Send a request that is refused; return the problem."""
        return problem_of(await self.request(method, path, **given), status=status)

    async def walk(self, path: str, *, limit: int) -> list[list[Json]]:
        """Read every page of a list."""
        pages = []
        cursor = ""
        joint = "&" if "?" in path else "?"
        while True:
            page = await self.get(f"{path}{joint}limit={limit}{cursor}")
            pages.append(page["items"])
            if page["next_cursor"] is None:
                return pages
            cursor = f"&cursor={page['next_cursor']}"

    async def subscribe(self, url: str, *event_types: str) -> Json:
        """Create a subscription, for every event unless types are given."""
        return await self.done("POST", "/subscriptions", json={"url": url, "event_types": event_types or ("*",)})

    async def publish(self, payload: bytes = b'{"n":1}', *, event_type: str = "order.created") -> str:
        """Publish an event; return its id."""
        content = b'{"event_type":"%b","payload":%b}' % (event_type.encode(), payload)
        answer = await self.done("POST", "/events", content=content)
        event_id: str = answer["event_id"]
        return event_id

    async def dispatched(self, event_id: str, *, timeout_s: float = 10.0) -> list[Json]:
        """Wait until each delivery of the event has had its first attempt; return the deliveries."""
        return await self._wait_for_event(event_id, lambda _: True, timeout_s=timeout_s)

    async def settled(self, event_id: str, *, timeout_s: float = 10.0) -> list[Json]:
        """Wait until no delivery of the event has another attempt before it; return the deliveries."""
        return await self._wait_for_event(event_id, _are_final, timeout_s=timeout_s)

    async def _wait_for_event(
        self, event_id: str, is_enough: Callable[[list[Json]], bool], *, timeout_s: float
    ) -> list[Json]:
        async with asyncio.timeout(timeout_s):
            while True:
                event = await self.get(f"/events/{event_id}")
                deliveries: list[Json] = event["deliveries"]
                if event["status"] == "dispatched" and is_enough(deliveries):
                    return deliveries
                await asyncio.sleep(0.01)


def problem_of(response: httpx.Response, *, status: int) -> Json:
    """Check that an answer is a complete problem of this status; return it."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json"), (
        response.text
    )
    problem: Json = response.json()
    assert problem.keys() - {"field", "remedy"} == PROBLEM_FIELDS
    assert problem["type"] == f"urn:ninefold:problem:{problem['code']}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]
    return problem


def _are_final(deliveries: list[Json]) -> bool:
    return all(delivery["status"] in FINAL_STATES for delivery in deliveries)
