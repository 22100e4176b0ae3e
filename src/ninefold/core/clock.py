"""Time as an argument: code that needs it takes a `Clock`, so that a test can move it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """Return the present, as an aware datetime in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's present, as an aware datetime in UTC."""
        return datetime.now(UTC)
