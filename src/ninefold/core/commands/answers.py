"""Shows the API's responses: as the JSON that was received, or for people."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import cyclopts
import msgspec

from ninefold.core.commands.client import ApiResponse, Page, SearchPage
from ninefold.core.commands.options import ApiOptions
from ninefold.core.commands.output import print_fields, print_json_text, print_note, state_text

ShownT = TypeVar("ShownT", bound=msgspec.Struct)

Limit = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1, lte=100))]
"""The option `--limit` of a list."""


def show_fields(item: msgspec.Struct, *, without: Sequence[str] = ()) -> None:
    """Print the fields of one object for people."""
    fields = {name: value for name, value in msgspec.structs.asdict(item).items() if name not in without}
    print_fields({name: _readable(name, value) for name, value in fields.items()})


def show_answer(
    answer: ApiResponse, kind: type[ShownT], *, api: ApiOptions, show: Callable[[ShownT], None] = show_fields
) -> None:
    """Print a response: as the JSON that was received, or formatted for people by `show`.

    Raises:
        NotNinefoldError: the response doesn't have this type.
    """
    found = answer.read(kind)
    if api.json:
        print_json_text(answer.content)
    else:
        show(found)


def print_search_end(page: SearchPage[Any]) -> None:
    """Say how far back a search has looked, if it stopped early, and how to continue."""
    if page.searched_back_to is not None:
        print_note(f"Searched back to {page.searched_back_to.isoformat()}; what is older was not searched yet.")
    print_next_page(page)


def print_next_page(page: Page[Any] | SearchPage[Any]) -> None:
    """Print how to list the next page, if there is one."""
    if page.next_cursor is not None:
        print_note(f"For the next page, add: --cursor {page.next_cursor}")


def _readable(name: str, value: object) -> object:
    if name == "status":
        return state_text(str(value))
    return ", ".join(value) if isinstance(value, list) else value
