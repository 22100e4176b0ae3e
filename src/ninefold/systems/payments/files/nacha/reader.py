"""Reads NACHA files, strictly: what doesn't follow the format is refused with its line and its field."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, cast

from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.files.nacha.checks import check_batch, check_file
from ninefold.systems.payments.files.nacha.codes import CREDITS_ONLY, DEBITS_ONLY, MIXED
from ninefold.systems.payments.files.nacha.layout import (
    BATCH_CONTROL,
    BATCH_HEADER,
    BLOCK_RECORDS,
    CHANGE_ADDENDUM,
    ENTRY,
    FILE_CONTROL,
    FILE_HEADER,
    PADDING,
    PAYMENT_ADDENDUM,
    RECORD_LENGTH,
    RETURN_ADDENDUM,
    Layout,
    unpack,
)
from ninefold.systems.payments.files.nacha.model import (
    EntryClass,
    NachaBatch,
    NachaEntry,
    NachaFile,
    NotificationOfChange,
    PaymentInformation,
    Return,
    Totals,
    total_of,
)

RECORDS_MAX: Final = 1_000_000


def read_nacha(content: bytes) -> NachaFile:
    """Return what a file says.

    Lines end with LF or CRLF; a file without line ends is read too.

    Raises:
        BankFileError: the file doesn't follow the format, or its totals don't agree with its entries.
    """
    records = _Records(_split(content))
    header = records.take(FILE_HEADER)
    _check_header(header)
    batches = []
    while records.next_type() == BATCH_HEADER.type:
        batches.append(_read_batch(records))
    file = NachaFile(
        destination=header["immediate_destination"],
        destination_name=header["destination_name"],
        origin=header["immediate_origin"],
        origin_name=header["origin_name"],
        created_at=_read_time(header),
        batches=tuple(batches),
        modifier=header["file_id_modifier"],
        reference=header["reference_code"],
    )
    _check_file_control(file, records)
    return file


class _Records:
    """The records of a file, read one after the other."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = lines
        self.line = 0

    def next_type(self) -> str:
        """Return the type of the next record, or nothing after the last."""
        return self.lines[self.line][0] if self.line < len(self.lines) else ""

    def take(self, layout: Layout) -> dict[str, str]:
        """Read the next record, which must be of this kind."""
        if self.next_type() != layout.type:
            found = f"a record of type {self.next_type()}" if self.next_type() else "the end of the file"
            raise BankFileError(f"There is {found} where a {layout.title} must be.", line=self.line + 1)
        self.line += 1
        return unpack(layout, self.lines[self.line - 1], line=self.line)

    def addenda_type(self) -> str:
        """Return the type of the next record's addendum, or nothing if it is none."""
        return self.lines[self.line][1:3] if self.next_type() == "7" else ""


def _split(content: bytes) -> list[str]:
    try:
        text = content.decode("ascii")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BankFileError("There is a byte that isn't ASCII.", line=line) from error
    lines = text.replace("\r\n", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) == 1 and len(lines[0]) % RECORD_LENGTH == 0:
        lines = [text[start : start + RECORD_LENGTH] for start in range(0, len(lines[0]), RECORD_LENGTH)]
    if len(lines) > RECORDS_MAX:
        raise BankFileError(f"The file has more than {RECORDS_MAX:,} records.")
    for number, record in enumerate(lines, start=1):
        if len(record) != RECORD_LENGTH:
            raise BankFileError(f"The record has {len(record)} characters, and must have {RECORD_LENGTH}.", line=number)
        if not record.isprintable():
            raise BankFileError("There is a control character.", line=number)
    return lines


def _check_header(header: dict[str, str]) -> None:
    for name, expected in (("record_size", "094"), ("blocking_factor", "10"), ("format_code", "1")):
        if header[name] != expected:
            raise BankFileError(f"{header[name]!r} must be {expected!r}.", line=1, name=name)
    modifier = header["file_id_modifier"]
    if len(modifier) != 1 or not (modifier.isdecimal() or "A" <= modifier <= "Z"):
        raise BankFileError(f"{modifier!r} must be A to Z or 0 to 9.", line=1, name="file_id_modifier")


def _read_time(header: dict[str, str]) -> datetime:
    try:
        return datetime.strptime("20" + header["creation_date"] + (header["creation_time"] or "0000"), "%Y%m%d%H%M")  # noqa: DTZ007 - the format has no zone
    except ValueError as error:
        raise BankFileError("There is no such date and time.", line=1, name="creation_date") from error


def _read_batch(records: _Records) -> NachaBatch:
    header = records.take(BATCH_HEADER)
    line = records.line
    entries = []
    while records.next_type() == ENTRY.type:
        entries.append(_read_entry(records))
    batch = NachaBatch(
        entry_class=cast("EntryClass", header["standard_entry_class"]),
        company_name=header["company_name"],
        company_id=header["company_identification"],
        description=header["company_entry_description"],
        effective_date=_read_date(header["effective_entry_date"], line=line, name="effective_entry_date"),
        bank=header["originating_bank"],
        number=int(header["batch_number"]),
        entries=tuple(entries),
        descriptive_date=header["company_descriptive_date"],
        discretionary_data=header["company_discretionary"],
        settlement_day=_read_day_of_year(header["settlement_date"], line=line),
    )
    check_batch(batch, line=line)
    _check_batch_control(batch, header, records)
    return batch


def _read_entry(records: _Records) -> NachaEntry:
    values = records.take(ENTRY)
    line = records.line
    has_addendum = values["addenda_indicator"] == "1"
    if has_addendum != (records.next_type() == "7"):
        raise BankFileError(
            "The indicator says that an addendum follows, and none does."
            if has_addendum
            else "An addendum follows, and the indicator says that none does.",
            line=line,
            name="addenda_indicator",
        )
    return NachaEntry(
        transaction_code=int(values["transaction_code"]),
        routing_number=values["receiving_bank"] + values["check_digit"],
        account_number=values["account_number"],
        amount=int(values["amount"]),
        name=values["name"],
        trace_number=values["trace_number"],
        identification=values["identification"],
        discretionary_data=values["discretionary_data"],
        addendum=_read_addendum(records, values["trace_number"]) if has_addendum else None,
    )


def _read_addendum(records: _Records, trace: str) -> PaymentInformation | Return | NotificationOfChange:
    match records.addenda_type():
        case "05":
            values = records.take(PAYMENT_ADDENDUM)
            _expect(records.line, "entry_sequence", values["entry_sequence"], trace[-7:])
            _expect(records.line, "addenda_sequence", values["addenda_sequence"], "0001")
            return PaymentInformation(text=values["payment_information"])
        case "98":
            values = records.take(CHANGE_ADDENDUM)
            return NotificationOfChange(
                change=values["change_code"],
                original_trace=values["original_trace"],
                original_bank=values["original_bank"],
                corrected=values["corrected"],
            )
        case "99":
            values = records.take(RETURN_ADDENDUM)
            return Return(
                reason=values["return_reason"],
                original_trace=values["original_trace"],
                original_bank=values["original_bank"],
                information=values["information"],
            )
        case other:
            raise BankFileError(
                f"Addenda of type {other!r} aren't supported.", line=records.line + 1, name="addenda_type"
            )


def _check_batch_control(batch: NachaBatch, header: dict[str, str], records: _Records) -> None:
    control = records.take(BATCH_CONTROL)
    line = records.line
    for name in ("service_class_code", "company_identification", "originating_bank", "batch_number"):
        _expect(line, name, control[name], header[name])
    service_class = int(header["service_class_code"])
    if service_class not in (MIXED, CREDITS_ONLY, DEBITS_ONLY):
        raise BankFileError(f"There is no service class {service_class}.", line=line, name="service_class_code")
    if service_class not in (MIXED, batch.service_class):
        raise BankFileError(
            f"The entries don't agree with the service class {service_class}.", line=line, name="service_class_code"
        )
    _check_totals(total_of(batch.entries), control, line=line)


def _check_file_control(file: NachaFile, records: _Records) -> None:
    control = records.take(FILE_CONTROL)
    line = records.line
    check_file(file, line=line)
    _expect_number(line, "batch_count", control, len(file.batches))
    _expect_number(line, "block_count", control, -(-line // BLOCK_RECORDS))
    _check_totals(total_of(entry for batch in file.batches for entry in batch.entries), control, line=line)
    for number, padding in enumerate(records.lines[line:], start=line + 1):
        if padding != PADDING:
            raise BankFileError("After the file's control record, there can only be lines of nines.", line=number)
    if len(records.lines) % BLOCK_RECORDS:
        raise BankFileError(f"The file has {len(records.lines)} records, and must have a multiple of {BLOCK_RECORDS}.")


def _check_totals(totals: Totals, control: dict[str, str], *, line: int) -> None:
    _expect_number(line, "entry_addenda_count", control, totals.records)
    _expect_number(line, "entry_hash", control, totals.hash)
    _expect_number(line, "total_debit", control, totals.debits)
    _expect_number(line, "total_credit", control, totals.credits)


def _expect_number(line: int, name: str, control: dict[str, str], expected: int) -> None:
    if int(control[name]) != expected:
        raise BankFileError(f"It says {int(control[name])}, and the records have {expected}.", line=line, name=name)


def _expect(line: int, name: str, found: str, expected: str) -> None:
    if found != expected:
        raise BankFileError(f"{found!r} must be {expected!r}.", line=line, name=name)


def _read_date(text: str, *, line: int, name: str) -> date | None:
    if not text.strip("0 "):
        return None
    try:
        return datetime.strptime(f"20{text}", "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
    except ValueError as error:
        raise BankFileError(f"{text!r} isn't a date.", line=line, name=name) from error


def _read_day_of_year(text: str, *, line: int) -> int | None:
    if not text.strip("0 "):
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 366:  # noqa: PLR2004 - days of a leap year
        raise BankFileError(f"{text!r} isn't a day of the year.", line=line, name="settlement_date")
    return int(text)
