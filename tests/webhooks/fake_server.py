"""A fake server for tests of commands: it answers as the test tells it."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import httpx

SUBSCRIPTION_ID: Final = "sub_01h455vb4pex5vsknk084sn02q"
SUBSCRIPTION: Final[dict[str, Any]] = {
    "subscription_id": SUBSCRIPTION_ID,
    "url": "https://example.com/hooks",
    "event_types": ["order.*", "invoice.paid"],
    "description": "\x1b]0;gone\x07",
    "subscriber_id": "customer-7",
    "is_active": True,
    "pause": None,
    "circuit": {
        "state": "closed",
        "consecutive_failures": 0,
        "failing_since": None,
        "opened_at": None,
        "retry_at": None,
        "pauses_at": None,
    },
    "rate_limit_per_s": None,
    "in_flight_max": 5,
    "retry_schedule": "day",
    "ordering": "fifo",
    "ordering_on_failure": "block",
    "effective": {"rate_limit_per_s": 100.0, "in_flight_max": 5, "retry_delays_s": [5.0, 300.0]},
    "created_at": "2026-01-02T03:04:05Z",
    "updated_at": "2026-01-02T03:04:05Z",
}


class Server:
    """Returns the response that the test sets, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = partial(httpx.Response, 200, json={})

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(request)
        return self.answer()
