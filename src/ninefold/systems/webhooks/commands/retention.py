"""`ninefold retention …`."""

from typing import Final, Literal

import msgspec
from cyclopts import App

from ninefold.core.commands import FROM_ENVIRONMENT, ApiOptions, print_fields, print_table, show_answer

_RETENTION: Final = "/api/v1/webhooks/retention"

retention = App(name="retention", help="Show and set how long events are kept.")


class ChoiceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A retention that the organisation can have."""

    retention: str
    days: int


class RetentionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """How long events are kept."""

    retention: str
    days: int
    dead_letter_days: int
    idempotency_key_days: int
    choices: list[ChoiceAnswer]


@retention.command
def show(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show how long events are kept, and what else can be chosen.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(_RETENTION), RetentionAnswer, api=api, show=_show_all)


@retention.command(name="set")
def set_(name: Literal["short", "standard", "long"], /, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Set how long events are kept that are published from now on, with their deliveries and attempts.

    Args:
        name: short, standard or long.
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.patch(_RETENTION, {"retention": name}), RetentionAnswer, api=api, show=_show_fields)


def _show_all(answer: RetentionAnswer) -> None:
    _show_fields(answer)
    print_table(["Retention", "Days"], [[each.retention, str(each.days)] for each in answer.choices], empty="")


def _show_fields(answer: RetentionAnswer) -> None:
    print_fields(
        {
            "retention": answer.retention,
            "events": f"{answer.days} days, with their deliveries and attempts",
            "dead letters": f"at least {answer.dead_letter_days} days after the delivery failed",
            "idempotency keys": f"{answer.idempotency_key_days} days",
        }
    )
