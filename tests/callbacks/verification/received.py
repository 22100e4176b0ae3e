"""Build received requests for tests."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from ninefold.systems.callbacks.verification import ReceivedRequest

NOW: Final = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
URL: Final = "https://hooks.example.com/in/src_1"


def received(
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    *,
    method: str = "POST",
    url: str = URL,
    at: datetime = NOW,
) -> ReceivedRequest:
    parts = urlsplit(url)
    return ReceivedRequest(
        method=method,
        url=url,
        path=parts.path,
        query=parts.query,
        headers=tuple((name.encode(), value.encode()) for name, value in (headers or {}).items()),
        body=body,
        received_at=at,
    )
