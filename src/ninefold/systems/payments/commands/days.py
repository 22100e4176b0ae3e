"""Days in arguments."""

from datetime import date
from typing import Annotated

from cyclopts import Parameter

Day = Annotated[date, Parameter(converter=lambda _, tokens: read_day(tokens[0].value))]


def read_day(text: str) -> date:
    """Return the day in an argument.

    Raises:
        ValueError: there is no such day.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} isn't a day, such as 2026-11-23.") from error


def day_text(day: date | None) -> str | None:
    """Return a day as the API takes it; None stays None."""
    return None if day is None else day.isoformat()
