"""What `ninefold demo payments` shows: the merchants' day while it goes on, and at the end what it has come to."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from ninefold.edge.demo.payments.summary import PaymentsSummary

DESCRIBED_EVERY: Final = 100
HASH_SHOWN: Final = 16
_COLUMNS: Final = ("succeeded", "requires_payment_method", "processing")
_HEADINGS: Final = ("paid", "declined", "in doubt")


class DayView:
    """The payments of each merchant in a terminal, and a line for each hundred elsewhere.

    Args:
        payments: how many there will be.
    """

    title: Final = "Ninefold demo: payments"

    def __init__(self, payments: int) -> None:
        self._payments: Final = payments
        self._described = 0

    def draw(self, shown: Mapping[str, Counter[str]], console: Console) -> RenderableType:
        """Return how many payments each merchant has, by what became of them."""
        del console
        table = _table("merchant", "payments", *_HEADINGS)
        for name, counts in shown.items():
            table.add_row(name, str(counts.total()), *[str(counts[state] or "") for state in _COLUMNS])
        return table

    def describe(self, shown: Mapping[str, Counter[str]]) -> str | None:
        """Return how many payments there are, after each hundred."""
        count = sum(counts.total() for counts in shown.values())
        if count < self._described + DESCRIBED_EVERY:
            return None
        self._described = count - count % DESCRIBED_EVERY
        named = ", ".join(
            f"{sum(counts[state] for counts in shown.values())} {heading}"
            for state, heading in zip(_COLUMNS, _HEADINGS, strict=True)
        )
        return f"{self._described} of {self._payments} payments: {named}"


def print_summary(console: Console, summary: PaymentsSummary) -> None:
    """Print each merchant's day, the faults that were found, and the proof of the ledger."""
    console.print()
    counts = _table("merchant", "payments", "paid", "declined", "not sent")
    for each in summary.merchants:
        numbers = (each.payments, each.paid, each.declined, each.not_sent)
        counts.add_row(each.name, *[str(number) for number in numbers])
    console.print(counts)
    console.print()
    amounts = _table("merchant", "captured", "fees", "payout", "", "batch SHA-256")
    for each in summary.merchants:
        dollars = [_dollars(amount) for amount in (each.captured, each.fees, each.payout)]
        amounts.add_row(each.name, *dollars, each.payout_state, each.batch_sha256[:HASH_SHOWN])
    console.print(amounts)
    console.print()
    faults = _table("found by the reconciliation", "ledger", "processor", "payment")
    for fault in summary.faults:
        faults.add_row(fault.type, _dollars(fault.expected_amount), _dollars(fault.found_amount), fault.reference)
    console.print(faults)
    console.print()
    pause = "" if summary.pause_s is None else f"; the next payment was answered {summary.pause_s:.1f} s later"
    console.print(
        Text(f"{summary.in_doubt} payments were in doubt for a while. Killed {', '.join(summary.killed)}{pause}.")
    )
    console.print(Text(f"The bank got {summary.bank_file}, with {_dollars(summary.bank_file_total)} in all."))
    console.print(_verdict(summary))


def _verdict(summary: PaymentsSummary) -> Text:
    if not summary.is_complete:
        lines = [f"\n  {problem}" for problem in summary.problems]
        return Text.assemble(("✗ ", "red"), "The day isn't as it should be.", *lines)
    audit = summary.audit
    total = ", ".join(f"{currency} {_dollars(amount)}" for currency, amount in audit.balances.items())
    return Text.assemble(
        ("✓ ", "green"),
        f"{sum(each.payments for each in summary.merchants)} payments in {summary.duration_s:.1f} s: every cent is "
        "accounted for, from the card to the bank.\n"
        f"  The audit has added up {audit.transfers} transfers between {audit.accounts} accounts: "
        f"debits and credits are both {total}.\n"
        f"  The journal ends with block {audit.blocks}, {audit.last_hash}.",
    )


def _dollars(amount: int | None) -> str:
    return "none" if amount is None else f"{amount // 100:,}.{amount % 100:02d}"


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(names):
        is_text = number == 0 or name in {"", "payment", "batch SHA-256"}
        table.add_column(name, justify="left" if is_text else "right", no_wrap=True)
    return table
