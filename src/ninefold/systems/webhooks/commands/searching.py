"""What the commands that search share: times, and the filters of a request."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

Moment = Annotated[datetime, Parameter(converter=lambda _, tokens: read_moment(tokens[0].value))]


def read_moment(text: str) -> datetime:
    """Return the time in an argument; without a time zone, it is that of this machine.

    Raises:
        ValueError: it isn't a time.
    """
    return datetime.fromisoformat(text).astimezone(UTC)


def search_query(**filters: str | datetime | None) -> dict[str, str]:
    """Return the filters that were given, as the API takes them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in filters.items()
        if value is not None
    }
