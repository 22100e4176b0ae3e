"""Redirects, which aren't followed: the receiver's owner learns where they lead."""

from typing import Final
from urllib.parse import urljoin

LOCATION_LENGTH_MAX: Final = 2048
"""How many characters of a location are shown."""

_REDIRECTS: Final = frozenset({300, 301, 302, 303, 307, 308})


def is_redirect(response_status: int | None) -> bool:
    """Return whether a response asks to send the request elsewhere (RFC 9110 §15.4)."""
    return response_status in _REDIRECTS


def resolve_location(location: bytes | None, *, url: str) -> str | None:
    """Return where a redirect leads, in full; None if the response doesn't say.

    Args:
        location: the header's value, which can be relative (RFC 9110 §10.2.2).
        url: where the request was sent.
    """
    if not location:
        return None
    # Characters that can't be shown, and bytes that aren't UTF-8, are replaced.
    text = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in location[:LOCATION_LENGTH_MAX].decode("utf-8", errors="replace")
    )
    try:
        return urljoin(url, text)[:LOCATION_LENGTH_MAX]
    except ValueError:
        # Such as a bracket that isn't closed.
        return text
