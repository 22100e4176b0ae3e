"""What to do about a break."""

from typing import Final

from ninefold.systems.payments.model.reconciliation import Break, BreakSource, BreakType

_ADVICE: Final[dict[tuple[BreakSource, BreakType], str]] = {
    ("report", "missing"): (
        "The ledger has it and the processor's report doesn't. If it was captured just before midnight (UTC), it is"
        " probably in the next day's report, and the break closes by itself. Otherwise, ask the processor about the"
        " reference."
    ),
    ("report", "duplicate"): (
        "The processor's report has it more than once. Ask the processor to take it back: it pays too much."
    ),
    ("report", "amount"): (
        "The processor's report has another amount than the ledger. Ask the processor which one is right; correct the"
        " ledger only with its answer as evidence."
    ),
    ("report", "currency"): (
        "The processor's report has another currency than the ledger. Ask the processor; don't convert amounts."
    ),
    ("report", "timing"): (
        "The processor's report has it, and its outcome isn't known here yet. A line with the amount of the call ends"
        " the doubt by itself when the day is reconciled; this one has another amount or currency, or the call isn't in"
        " doubt yet. Ask the processor which one is right, end the doubt with its answer as evidence, and reconcile"
        " again."
    ),
    ("report", "unknown"): (
        "The processor's report has it, and the ledger doesn't. Look for the processor's reference; if the payment"
        " isn't ours, the processor has to take it back."
    ),
    ("bank", "missing"): (
        "It should be on the bank's statement by now. Check that the bank has received the file, and import the newest"
        " statement."
    ),
    ("bank", "duplicate"): ("The bank shows it a second time. The money is in suspense. Ask the bank to reverse it."),
    ("bank", "amount"): (
        "The bank has another amount. The money is in suspense. Ask the bank or the processor; then resolve the break"
        " with a correction out of suspense."
    ),
    ("bank", "currency"): (
        "The bank has another currency. The money is in suspense. Ask the bank; don't convert amounts."
    ),
    ("bank", "timing"): (
        "The bank shows it before we have sent it. Reconcile again once the file is delivered; the break closes by"
        " itself."
    ),
    ("bank", "unknown"): (
        "Nothing of ours has this reference, or this amount on these days. The money is in suspense. Find out what it"
        " is; then resolve the break with a correction out of suspense."
    ),
}


_ANOTHER_AMOUNT_OF_A_PAYOUT: Final = (
    "The bank has paid another amount than that of the payout. The money is in suspense. Ask the bank. If it is the"
    " payout all the same, match the break with it: the payout is paid, and the difference is posted with the break as"
    " its cause. Otherwise, resolve the break with a correction out of suspense."
)

_LINE_OF_A_BANK_FILE: Final = (
    "The line names a bank file of several payouts, and isn't its total. The money is in suspense, and the payouts stay"
    " with the bank. It can't be matched with one of them. Ask the bank to take it back and to pay the total of the"
    " file: that line then pays all of them. What was taken back is a break too; the two cancel each other in suspense,"
    " so resolve both with the bank's answer."
)

_REPORT_HAS_CHANGED: Final = (
    "The bank has paid another amount than the processor's report comes to now: the report was read again after the"
    " bank's line had been matched with it. Ask the processor for the rest; resolve the break when it has been paid."
)


def advise(found: Break) -> str:
    """Return what to do about a break."""
    if found.source == "bank" and found.type == "amount" and found.statement_line_id is None:
        return _REPORT_HAS_CHANGED
    if found.type == "amount" and can_match(found):
        return _ANOTHER_AMOUNT_OF_A_PAYOUT
    if found.type == "amount" and names_bank_file(found):
        return _LINE_OF_A_BANK_FILE
    return _ADVICE[found.source, found.type]


def names_bank_file(found: Break) -> bool:
    """Return whether a break is about a line of the bank that names a bank file of several payouts."""
    # Something is expected, and it is neither one payout nor a report.
    return (
        found.statement_line_id is not None
        and found.expected_amount is not None
        and found.payout_id is None
        and found.settlement_report_id is None
    )


def can_match(found: Break) -> bool:
    """Return whether a person can say which payout the line of a break is: it pays out, and no report or file."""
    is_paid_out = found.statement_line_id is not None and (found.found_amount or 0) < 0
    return is_paid_out and found.settlement_report_id is None and not names_bank_file(found)
