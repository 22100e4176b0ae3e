"""What an ordering key may be."""

from typing import Final

from ninefold.core.errors import InvalidInputError

ORDERING_KEY_LENGTH_MAX: Final = 255
"""In characters. Each key is stored in an index."""


def check_ordering_key(key: str) -> None:
    """Check an event's ordering key.

    Raises:
        InvalidInputError: it is empty, too long, or has a NUL.
    """
    if not 0 < len(key) <= ORDERING_KEY_LENGTH_MAX or "\x00" in key:
        raise InvalidInputError(
            f"An ordering key has 1 to {ORDERING_KEY_LENGTH_MAX} characters, none of them NUL.",
            field="ordering_key",
            remedy="Use the id of what the event is about, such as customer-7, or leave it out if no order is needed.",
        )
