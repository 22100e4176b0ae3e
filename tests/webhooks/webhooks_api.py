"""A client of the webhooks' HTTP API, for tests."""

import asyncio
from collections.abc import Callable

from http_api import Api, Json

FINAL_STATES = {"delivered", "failed", "canceled"}
LONG_WAITS = {"paused", "circuit_open"}


class WebhooksApi(Api):
    """Manages and publishes webhooks on behalf of one organisation."""

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

    async def attempted(self, event_id: str, *, timeout_s: float = 10.0) -> list[Json]:
        """Wait until each delivery of the event has an attempt with an outcome; return the deliveries."""
        return await self._wait_for_event(event_id, _are_attempted, timeout_s=timeout_s)

    async def settled(self, event_id: str, *, timeout_s: float = 10.0) -> list[Json]:
        """Wait until each delivery of the event is final, or waits for its endpoint or a person; return them."""
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


def _are_attempted(deliveries: list[Json]) -> bool:
    return all(delivery["attempts"] for delivery in deliveries)


def _are_final(deliveries: list[Json]) -> bool:
    return all(
        delivery["status"] in FINAL_STATES or delivery["waiting_reason"] in LONG_WAITS for delivery in deliveries
    )
