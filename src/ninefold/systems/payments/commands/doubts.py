"""`ninefold payments doubts …`."""

from typing import Annotated, Final, Literal

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_next_page,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.core.ids import format_id
from ninefold.systems.payments.commands.amounts import amount_text
from ninefold.systems.payments.commands.states import shown_state
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, EvidenceKind

_DOUBTS: Final = "/api/v1/payments/doubts"

doubts = App(name="doubts", help="Find out what processors have done, and close doubts by evidence.")


class AttemptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A call to a processor."""

    attempt_id: str
    payment_id: str
    processor: str
    operation: str
    state: str
    amount: int
    currency: str
    processor_reference: str | None
    error_message: str | None
    in_doubt_since: str | None
    next_inquiry_at: str | None
    deadline_at: str | None


@doubts.command(name="list")
def list_doubts(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List calls to processors whose outcome is in doubt, oldest first.

    Args:
        limit: Maximum number to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_DOUBTS, limit=limit, cursor=cursor)
        show_answer(answer, Page[AttemptAnswer], api=api, show=_show)


@doubts.command(name="inquire")
def inquire(attempt: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Ask the processor now what became of a call.

    Args:
        attempt: Its id, such as att_….
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.post(f"{_path(attempt)}/inquire", {}), AttemptAnswer, api=api, show=show_fields)


@doubts.command(name="close")
def close(
    attempt: str,
    outcome: Literal["succeeded", "declined", "not_sent"],
    *,
    evidence: str,
    kind: EvidenceKind = "processor_status",
    reference: Annotated[str | None, Parameter(show_default=False)] = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Close a doubt by evidence. This can't be undone.

    Args:
        attempt: Its id, such as att_….
        outcome: What became of the call.
        evidence: What proves it, in words.
        kind: What kind of evidence it is.
        reference: The processor's own id, if the call has succeeded.
        api: The server and API key to use.
    """
    body = {"outcome": outcome, "evidence_kind": kind, "evidence": evidence, "processor_reference": reference}
    with api.client() as client:
        show_answer(client.post(f"{_path(attempt)}/close", body), AttemptAnswer, api=api, show=show_fields)


def _path(attempt: str) -> str:
    attempt_id = parse_argument_id(ATTEMPT_PREFIX, attempt, shown_by="ninefold payments doubts list")
    return f"{_DOUBTS}/{format_id(ATTEMPT_PREFIX, attempt_id)}"


def _show(page: Page[AttemptAnswer]) -> None:
    print_table(
        ["Attempt", "Payment", "Operation", "State", "Amount", "In doubt since", "Asked next", "Until"],
        [
            [
                each.attempt_id,
                each.payment_id,
                each.operation,
                shown_state(each.state),
                amount_text(each.amount, each.currency),
                each.in_doubt_since,
                each.next_inquiry_at,
                each.deadline_at,
            ]
            for each in page.items
        ],
        empty="No outcome is in doubt.",
    )
    print_next_page(page)
