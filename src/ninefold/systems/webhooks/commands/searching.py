"""What the commands that search share: times, the filters of a request, and the end of a page."""

from datetime import UTC, datetime
from typing import Annotated, TypeVar

from cyclopts import Parameter

from ninefold.core.commands import Page, print_next_page, print_note
from ninefold.systems.webhooks.commands.answers import SearchPageAnswer

T = TypeVar("T")

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


def print_search_end(page: SearchPageAnswer[T]) -> None:
    """Say how far back a search has looked, if it stopped early, and how to continue."""
    if page.searched_back_to is not None:
        print_note(f"Searched back to {page.searched_back_to.isoformat()}; what is older was not searched yet.")
    print_next_page(Page(items=page.items, next_cursor=page.next_cursor))
