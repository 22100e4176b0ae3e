"""The options and output functions that the commands of webhook delivery share."""

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Annotated, Any, Final, Literal, TypeVar

import cyclopts
import msgspec

from ninefold.core.commands import (
    ApiOptions,
    ApiResponse,
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


def show_deliveries(
    deliveries: Sequence[DeliveryAnswer], *, of: Literal["event_type", "subscription_id"], empty: str
) -> None:
    """Print the deliveries of one subscription or of one event as a table, each with its last error.

    Args:
        deliveries: the deliveries to print.
        of: the field to print in the second column.
        empty: see `print_table`.
    """
    print_table(
        ["Delivery", _HEADINGS[of], "Status", "Attempts", "Next attempt", "Last error"],
        [
            [
                delivery.delivery_id,
                getattr(delivery, of),
                state_text(delivery.status),
                f"{delivery.attempt_count} of {delivery.attempts_planned}",
                _next_attempt(delivery),
                delivery.attempts[-1].error_detail if delivery.attempts else None,
            ]
            for delivery in deliveries
        ],
        empty=empty,
    )


def print_next_page(page: Page[Any]) -> None:
    """Print how to list the next page, if there is one."""
    if page.next_cursor is not None:
        print_note(f"For the next page, add: --cursor {page.next_cursor}")


def _next_attempt(delivery: DeliveryAnswer) -> object:
    """Return when the next attempt is, or what it waits for."""
    if delivery.waiting_reason is None:
        return delivery.next_attempt_at
    reason = delivery.waiting_reason.replace("_", " ")
    until = delivery.waiting_until
    return reason if until is None else f"{reason} until {until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _readable(name: str, value: object) -> object:
    if name == "status":
        return state_text(str(value))
    return ", ".join(value) if isinstance(value, list) else value
