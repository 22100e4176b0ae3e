"""Where a redirect leads."""

import pytest

from ninefold.systems.webhooks.rules.redirects import LOCATION_LENGTH_MAX, is_redirect, resolve_location

URL = "https://example.com/hooks/a?b=c"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_these_statuses_redirect(status: int) -> None:
    assert is_redirect(status)


@pytest.mark.parametrize("status", [None, 200, 304, 400, 500])
def test_other_statuses_do_not_redirect(status: int | None) -> None:
    assert not is_redirect(status)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (b"https://www.example.com/hooks", "https://www.example.com/hooks"),
        (b"/new", "https://example.com/new"),
        (b"new", "https://example.com/hooks/new"),
        (b"//other.example/x", "https://other.example/x"),
        ("https://example.com/ü".encode(), "https://example.com/ü"),
        (b"https://example.com/\xfc\x07", "https://example.com/\ufffd\ufffd"),
        (b"https://[::1/", "https://[::1/"),
        (b"", None),
        (None, None),
    ],
)
def test_a_location_is_shown_in_full(location: bytes | None, expected: str | None) -> None:
    assert resolve_location(location, url=URL) == expected


def test_a_long_location_is_cut() -> None:
    location = resolve_location(b"/" + b"a" * 10_000, url=URL)

    assert location is not None
    assert len(location) == LOCATION_LENGTH_MAX
