"""CSV files of payouts, for banks and currencies that NACHA files don't cover.

Each file has a header, a line per payout, and a last line with how many there are and what they add up to.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

import msgspec

from ninefold.systems.payments.files.amounts import read_currency, read_decimal, write_decimal
from ninefold.systems.payments.files.errors import BankFileError

COLUMNS: Final = (
    "record", "reference", "name", "routing_number", "account", "currency", "amount", "arrival_date", "statement_text"
)  # fmt: skip
LINES_MAX: Final = 1_000_000
_FORMULA_STARTS: Final = "=+-@"
_TEXT_LENGTH_MAX: Final = 200


class CsvPayout(msgspec.Struct, frozen=True, kw_only=True):
    """One payout."""

    reference: str
    """What the bank repeats on its statement, such as `po_…`."""
    name: str
    routing_number: str
    """Of the bank that has the account; empty where the account says it, as an IBAN does."""
    account: str
    currency: str
    amount: int
    """Minor units."""
    arrival_date: date
    statement_text: str


def write_csv(payouts: Iterable[CsvPayout]) -> bytes:
    """Return a file with payouts: the same bytes each time. There is a total for each currency.

    Raises:
        BankFileError: an amount isn't positive.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    totals: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for line, payout in enumerate(payouts, start=2):
        if payout.amount <= 0:
            raise BankFileError("The amount isn't positive.", line=line, name="amount")
        writer.writerow(_row("payout", payout))
        totals[payout.currency] += payout.amount
        counts[payout.currency] += 1
    for code, total in sorted(totals.items()):
        writer.writerow(_total_row(code, counts[code], total))
    return stream.getvalue().encode()


def read_csv(content: bytes) -> list[CsvPayout]:
    """Return the payouts of a file.

    Raises:
        BankFileError: it isn't such a file, or its totals don't agree with its lines.
    """
    rows = _rows(content)
    payouts = []
    totals: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    position = 1
    while position < len(rows) and rows[position][0] == "payout":
        payout = _payout(rows[position], position + 1)
        payouts.append(payout)
        totals[payout.currency] += payout.amount
        counts[payout.currency] += 1
        position += 1
    _check_totals(rows[position:], totals=totals, counts=counts, line=position + 1)
    return payouts


def safe_text(text: str) -> str:
    """Return a text in one line that no spreadsheet takes for a formula."""
    return " ".join(text.split()).lstrip(_FORMULA_STARTS + " ")[:_TEXT_LENGTH_MAX]


def _row(record: str, payout: CsvPayout) -> list[str]:
    unit = read_currency(payout.currency, line=None, name="currency")
    return [
        record,
        payout.reference,
        safe_text(payout.name),
        safe_text(payout.routing_number),
        safe_text(payout.account),
        payout.currency,
        write_decimal(payout.amount, unit),
        payout.arrival_date.isoformat(),
        safe_text(payout.statement_text),
    ]


def _total_row(code: str, count: int, total: int) -> list[str]:
    amount = write_decimal(total, read_currency(code, line=None, name="currency"))
    return ["total", str(count), "", "", "", code, amount, "", ""]


def _rows(content: bytes) -> list[list[str]]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise BankFileError("The file isn't CSV in UTF-8.") from error
    if len(rows) > LINES_MAX:
        raise BankFileError(f"The file has more than {LINES_MAX:,} lines.")
    if not rows or tuple(rows[0]) != COLUMNS:
        raise BankFileError(f"The columns must be {', '.join(COLUMNS)}.", line=1)
    for line, row in enumerate(rows, start=1):
        if len(row) != len(COLUMNS):
            raise BankFileError(f"The line has {len(row)} columns, and must have {len(COLUMNS)}.", line=line)
    return rows


def _payout(row: list[str], line: int) -> CsvPayout:
    values = dict(zip(COLUMNS, row, strict=True))
    unit = read_currency(values["currency"], line=line, name="currency")
    try:
        arrival_date = date.fromisoformat(values["arrival_date"])
    except ValueError as error:
        raise BankFileError(f"{values['arrival_date'][:40]!r} isn't a date.", line=line, name="arrival_date") from error
    return CsvPayout(
        reference=values["reference"],
        name=values["name"],
        routing_number=values["routing_number"],
        account=values["account"],
        currency=unit.code,
        amount=read_decimal(values["amount"], unit, line=line, name="amount"),
        arrival_date=arrival_date,
        statement_text=values["statement_text"],
    )


def _check_totals(rows: Sequence[list[str]], *, totals: Counter[str], counts: Counter[str], line: int) -> None:
    expected = [_total_row(code, counts[code], total) for code, total in sorted(totals.items())]
    if list(rows) != expected:
        raise BankFileError("The totals don't agree with the lines before them.", line=line, name="total")
