"""Time as a dependency: code that needs the time takes a `Clock`, so that tests can control it."""

from datetime import UTC, datetime
from typing import Protocol, runtime_checkable


@runtime_checkable
class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """Return the current time, as an aware datetime in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time of this machine, as an aware datetime in UTC."""
        return datetime.now(UTC)
