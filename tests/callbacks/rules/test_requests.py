from datetime import UTC, datetime

import pytest

from ninefold.systems.callbacks.rules.requests import received_request
from ninefold.systems.callbacks.verification import ReceivedRequest

HOST = (b"host", b"10.0.0.1:8900")


def request(
    *, public_url: str | None = None, query: bytes = b"", headers: tuple[tuple[bytes, bytes], ...] = (HOST,)
) -> ReceivedRequest:
    return received_request(
        method="POST",
        scheme="http",
        path=b"/in/in_x",
        query=query,
        headers=headers,
        body=b"",
        received_at=datetime(2026, 1, 2, tzinfo=UTC),
        public_url=public_url,
    )


@pytest.mark.parametrize(
    ("public_url", "query", "expected"),
    [
        (None, b"", "http://10.0.0.1:8900/in/in_x"),
        (None, b"a=1", "http://10.0.0.1:8900/in/in_x?a=1"),
        ("https://hooks.example.com", b"a=%FF", "https://hooks.example.com/in/in_x?a=%FF"),
        ("https://example.com/hooks", b"", "https://example.com/hooks/in/in_x"),
    ],
)
def test_the_url_is_that_of_the_setting_or_of_the_host_header(
    public_url: str | None, query: bytes, expected: str
) -> None:
    assert request(public_url=public_url, query=query).url == expected


def test_without_a_host_header_there_is_a_url_too() -> None:
    assert request(headers=()).url == "http://localhost/in/in_x"
