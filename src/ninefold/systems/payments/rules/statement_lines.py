"""What the files of banks say about money of ours, in one form for statements and for returns."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from ninefold.systems.payments.files.camt053 import Statement, StatementDetail, StatementEntry, read_camt053
from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.files.nacha import NachaFile, NotificationOfChange, Return, read_nacha
from ninefold.systems.payments.model.reconciliation import StatementFormat, StatementLineKind

TEXT_LENGTH_MAX: Final = 500
REFERENCES_MAX: Final = 20

_REFERENCE: Final = re.compile(
    r"payouts-[0-9]{8}-[0-9]+\.(?:ach|csv)|(?<![0-9a-z_])[a-z]+-[0-9]{8}(?![0-9a-z])|\b[0-9A-Z]{15}\b"
)
"""What is looked for in free text: the names of our files and of settlement reports, and references of payouts."""


class ParsedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a bank's file; the amount is minor units, and positive if it is paid in."""

    account: str
    fingerprint: str
    """The same for the same line in another file."""
    kind: StatementLineKind
    amount: int
    currency: str
    booked_on: date
    references: tuple[str, ...]
    bank_reference: str | None
    text: str | None
    reason: str | None
    file_line: int | None


def parse_statement(content: bytes) -> tuple[StatementFormat, list[ParsedLine]]:
    """Return the lines of a bank's file: a statement in camt.053, or returns in a NACHA file.

    Raises:
        BankFileError: it is neither, or doesn't follow its format.
    """
    start = content[:100].lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith(b"<"):
        return "camt053", list(_camt_lines(read_camt053(content)))
    if start.startswith(b"101"):
        return "nacha_returns", list(_return_lines(read_nacha(content)))
    raise BankFileError(
        "The file is neither a statement in camt.053 nor a NACHA file.",
        remedy="Send the file as the bank has delivered it.",
    )


def report_reference(processor: str, day: date) -> str:
    """Return what a bank says about the payment of a processor for a day, such as `simulator-20261123`."""
    return f"{processor}-{day:%Y%m%d}"


def _camt_lines(statements: Iterable[Statement]) -> Iterator[ParsedLine]:
    for statement in statements:
        for number, entry in enumerate(statement.entries, start=1):
            # What tells entries apart that the bank has given no reference.
            own = entry.bank_reference or f"{statement.statement_id}/{number}"
            for position, detail in enumerate(_parts(entry)):
                yield _camt_line(statement, entry, detail, fingerprint=f"{statement.account}/{own}/{position}")


def _parts(entry: StatementEntry) -> tuple[StatementDetail, ...]:
    """Return what an entry consists of, if the bank says what each part comes to."""
    if len(entry.details) == 1:
        return (msgspec.structs.replace(entry.details[0], amount=entry.amount),)
    if entry.details and all(detail.amount is not None for detail in entry.details):
        return entry.details
    return (StatementDetail(amount=entry.amount),)


def _camt_line(statement: Statement, entry: StatementEntry, detail: StatementDetail, *, fingerprint: str) -> ParsedLine:
    texts = [text for text in (detail.text, entry.text) if text]
    named = [detail.end_to_end_id, detail.instruction_id, detail.bank_reference, entry.entry_reference]
    return ParsedLine(
        account=statement.account,
        fingerprint=fingerprint,
        kind="entry",
        amount=entry.amount if detail.amount is None else detail.amount,
        currency=entry.currency,
        booked_on=entry.booked_on,
        references=_references([*named, *(found for text in texts for found in _REFERENCE.findall(text))]),
        bank_reference=entry.bank_reference,
        text=" ".join(texts)[:TEXT_LENGTH_MAX] or None,
        reason=detail.return_reason,
        file_line=entry.line,
    )


def _return_lines(file: NachaFile) -> Iterator[ParsedLine]:
    for batch in file.batches:
        booked_on = batch.effective_date or file.created_at.date()
        for entry in batch.entries:
            match entry.addendum:
                case Return(reason=reason, original_trace=original, information=text):
                    kind: StatementLineKind = "return"
                case NotificationOfChange(change=reason, original_trace=original, corrected=text):
                    kind = "change"
                case _:
                    raise BankFileError(
                        f"The entry {entry.trace_number} is neither a return nor a notification of change.",
                        remedy="Import the file of returns from the bank.",
                    )
            yield ParsedLine(
                account=file.origin,
                fingerprint=f"nacha/{original}/{reason}/{entry.trace_number}",
                kind=kind,
                amount=entry.amount,
                currency="USD",
                booked_on=booked_on,
                references=_references([original, entry.identification]),
                bank_reference=entry.trace_number,
                text=text or None,
                reason=reason,
                file_line=None,
            )


def _references(found: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in found if text))[:REFERENCES_MAX]
