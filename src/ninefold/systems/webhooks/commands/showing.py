"""What the commands of webhook delivery share: their options, and how they show what they have read."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import cyclopts
import msgspec

from ninefold.core.commands import (
    Answer,
    ApiOptions,
    Page,
    print_fields,
    print_json_text,
    print_note,
    print_table,
    state_text,
)
from ninefold.systems.webhooks.commands.answers import DeliveryAnswer

ShownT = TypeVar("ShownT", bound=msgspec.Struct)

Limit = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1, lte=100))]

_HEADINGS: Final = {"event_type": "Event type", "subscription_id": "Subscription"}


def show_fields(thing: msgspec.Struct, *, without: Sequence[str] = ()) -> None:
    """Print the fields of one thing for people."""
    fields = {name: value for name, value in msgspec.structs.asdict(thing).items() if name not in without}
    print_fields({name: _readable(name, value) for name, value in fields.items()})


def show_answer(
    answer: Answer, kind: type[ShownT], *, api: ApiOptions, show: Callable[[ShownT], None] = show_fields
) -> None:
    """Print what was answered: its own JSON, or what a person is shown of it.

    Raises:
        NotNinefoldError: the answer isn't one of this kind.
    """
    found = answer.read(kind)
    if api.json:
        print_json_text(answer.content)
    else:
        show(found)


def show_deliveries(
    deliveries: Sequence[DeliveryAnswer], *, of: Literal["event_type", "subscription_id"], empty: str
) -> None:
    """Print deliveries of one subscription, or of one event, as a table, each with its last error.

    Args:
        deliveries: what to show.
        of: what tells them apart, in addition to their id.
        empty: see `print_table`.
    """
    print_table(
        ["Delivery", _HEADINGS[of], "Status", "Attempts", "Next attempt at", "Last error"],
        [
            [
                delivery.delivery_id,
                getattr(delivery, of),
                state_text(delivery.status),
                f"{delivery.attempt_count} of {delivery.attempts_planned}",
                delivery.next_attempt_at,
                delivery.attempts[-1].error_detail if delivery.attempts else None,
            ]
            for delivery in deliveries
        ],
        empty=empty,
    )


def tell_next(page: Page[Any]) -> None:
    """Say how to see more, where there is more."""
    if page.next_cursor is not None:
        print_note(f"More follow: --cursor {page.next_cursor}")


def _readable(name: str, value: object) -> object:
    if name == "status":
        return state_text(str(value))
    return ", ".join(value) if isinstance(value, list) else value
