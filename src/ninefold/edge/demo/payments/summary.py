"""The outcome of `ninefold demo payments`, and what must be true of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ninefold.edge.demo.payments.plan import FAULTS

PAID: Final = "succeeded"
NOT_SENT: Final = "not_sent"


class MerchantDay(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant's day has come to; amounts in minor units."""

    name: str
    payments: int
    paid: int
    declined: int
    not_sent: int
    """Of which the processor has never received anything."""
    captured: int
    fees: int
    payout: int
    payout_state: str
    batch_sha256: str


class FoundFault(msgspec.Struct, frozen=True, kw_only=True):
    """A break that the reconciliation has found."""

    type: str
    reference: str
    expected_amount: int | None
    found_amount: int | None


class AuditProof(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit has verified."""

    transfers: int
    accounts: int
    blocks: int
    last_hash: str | None
    balances: Mapping[str, int]
    fault_count: int


class PaymentsSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    merchants: list[MerchantDay]
    in_doubt: int
    """Payments whose outcome nobody knew for a while."""
    killed: list[str]
    pause_s: float | None
    """How long after the kill the next payment was answered."""
    bank_file: str
    bank_file_total: int
    faults: list[FoundFault]
    audit: AuditProof
    duration_s: float
    problems: list[str]


def state_of(payment: Mapping[str, Any]) -> str:
    """Return how a payment has ended: its status, or that the processor has never received it."""
    error = payment["last_payment_error"] or {}
    return NOT_SENT if error.get("code") == "processing_error" else str(payment["status"])


def find_problems(
    *,
    states: Mapping[str, Counter[str]],
    captured: Mapping[str, int],
    batches: Mapping[str, dict[str, Any]],
    payouts: Sequence[dict[str, Any]],
    bank_file: dict[str, Any],
    faults: Sequence[FoundFault],
    audit: AuditProof,
) -> list[str]:
    """Return what isn't as it should be, one sentence each.

    Args:
        states: how many payments of each merchant are in which state in the end.
        captured: what each shop was paid, as its own books say.
        batches: of each merchant.
        payouts: of the day.
        bank_file: the file with them.
        faults: that the reconciliation has found.
        audit: what it has verified.
    """
    problems = []
    for name, counts in states.items():
        if moving := counts["processing"] + counts["in_doubt"]:
            problems.append(f"{name}: {moving} payments have no outcome.")
        if batches[name]["capture_amount"] != captured[name]:
            problems.append(f"{name} was paid {captured[name]}, and its batch has {batches[name]['capture_amount']}.")
    if (total := sum(each["amount"] for each in payouts)) != bank_file["total"]:
        problems.append(f"The payouts are {total}, and the bank's file has {bank_file['total']}.")
    if unpaid := [each["payout_id"] for each in payouts if each["state"] != "paid"]:
        problems.append(f"Payouts that the bank hasn't confirmed: {', '.join(unpaid)}.")
    if sorted(each.type for each in faults) != sorted(FAULTS.values()):
        problems.append(f"The reconciliation has found {[each.type for each in faults]} instead of the planted faults.")
    if audit.fault_count:
        problems.append(f"The audit has found {audit.fault_count} faults.")
    return problems
