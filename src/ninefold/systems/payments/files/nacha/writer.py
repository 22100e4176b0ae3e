"""Writes NACHA files."""

from collections.abc import Iterator
from datetime import date

from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.files.nacha.checks import check_batch, check_file
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
    RETURN_ADDENDUM,
    Layout,
    pack,
)
from ninefold.systems.payments.files.nacha.model import (
    NachaBatch,
    NachaEntry,
    NachaFile,
    NotificationOfChange,
    PaymentInformation,
    Return,
    total_of,
)


def write_nacha(file: NachaFile) -> bytes:
    """Return a file in its format: the same bytes each time.

    Raises:
        BankFileError: a value doesn't fit its field, or the file breaks a rule, such as a trace number that is used
            twice.
    """
    records = _Records()
    records.add(FILE_HEADER, _file_header(file))
    for batch in file.batches:
        _add_batch(records, batch)
    check_file(file, line=len(records.lines))
    records.add(FILE_CONTROL, _file_control(file, records=len(records.lines) + 1))
    records.lines.extend([PADDING] * (-len(records.lines) % BLOCK_RECORDS))
    return "".join(f"{line}\n" for line in records.lines).encode("ascii")


class _Records:
    """The records that were written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def add(self, layout: Layout, values: dict[str, str | int]) -> None:
        """Write another record."""
        self.lines.append(pack(layout, values, line=len(self.lines) + 1))


def _file_header(file: NachaFile) -> dict[str, str | int]:
    if file.created_at.tzinfo is not None:
        raise BankFileError("The time must be local, without a zone.", name="creation_time")
    return {
        "priority_code": 1,
        "immediate_destination": file.destination,
        "immediate_origin": file.origin,
        "creation_date": _short_date(file.created_at.date()),
        "creation_time": f"{file.created_at:%H%M}",
        "file_id_modifier": file.modifier,
        "record_size": 94,
        "blocking_factor": BLOCK_RECORDS,
        "format_code": 1,
        "destination_name": file.destination_name,
        "origin_name": file.origin_name,
        "reference_code": file.reference,
    }


def _add_batch(records: _Records, batch: NachaBatch) -> None:
    common: dict[str, str | int] = {
        "service_class_code": batch.service_class,
        "company_identification": batch.company_id,
        "originating_bank": batch.bank,
        "batch_number": batch.number,
    }
    header: dict[str, str | int] = {
        "company_name": batch.company_name,
        "company_discretionary": batch.discretionary_data,
        "standard_entry_class": batch.entry_class,
        "company_entry_description": batch.description,
        "company_descriptive_date": batch.descriptive_date,
        "effective_entry_date": "" if batch.effective_date is None else _short_date(batch.effective_date),
        "settlement_date": "" if batch.settlement_day is None else f"{batch.settlement_day:03d}",
        "originator_status_code": 1,
    }
    records.add(BATCH_HEADER, common | header)
    first_line = len(records.lines)
    for entry in batch.entries:
        _add_entry(records, entry)
    check_batch(batch, line=first_line)
    totals = total_of(batch.entries)
    records.add(
        BATCH_CONTROL,
        common
        | {
            "entry_addenda_count": totals.records,
            "entry_hash": totals.hash,
            "total_debit": totals.debits,
            "total_credit": totals.credits,
        },
    )


def _add_entry(records: _Records, entry: NachaEntry) -> None:
    values: dict[str, str | int] = {
        "transaction_code": entry.transaction_code,
        "receiving_bank": entry.routing_number[:8],
        "check_digit": entry.routing_number[8:],
        "account_number": entry.account_number,
        "amount": entry.amount,
        "identification": entry.identification,
        "name": entry.name,
        "discretionary_data": entry.discretionary_data,
        "addenda_indicator": entry.records - 1,
        "trace_number": entry.trace_number,
    }
    records.add(ENTRY, values)
    for layout, addendum in _addenda(entry):
        records.add(layout, addendum)


def _addenda(entry: NachaEntry) -> Iterator[tuple[Layout, dict[str, str | int]]]:
    match entry.addendum:
        case PaymentInformation(text=text):
            yield (
                PAYMENT_ADDENDUM,
                {
                    "addenda_type": "05",
                    "payment_information": text,
                    "addenda_sequence": 1,
                    "entry_sequence": entry.trace_number[-7:],
                },
            )
        case Return() as returned:
            yield (
                RETURN_ADDENDUM,
                {
                    "addenda_type": "99",
                    "return_reason": returned.reason,
                    "original_trace": returned.original_trace,
                    "original_bank": returned.original_bank,
                    "information": returned.information,
                    "trace_number": entry.trace_number,
                },
            )
        case NotificationOfChange() as change:
            yield (
                CHANGE_ADDENDUM,
                {
                    "addenda_type": "98",
                    "change_code": change.change,
                    "original_trace": change.original_trace,
                    "original_bank": change.original_bank,
                    "corrected": change.corrected,
                    "trace_number": entry.trace_number,
                },
            )


def _file_control(file: NachaFile, *, records: int) -> dict[str, str | int]:
    totals = total_of(entry for batch in file.batches for entry in batch.entries)
    return {
        "batch_count": len(file.batches),
        "block_count": -(-records // BLOCK_RECORDS),
        "entry_addenda_count": totals.records,
        "entry_hash": totals.hash,
        "total_debit": totals.debits,
        "total_credit": totals.credits,
    }


def _short_date(day: date) -> str:
    if not 2000 <= day.year <= 2099:  # noqa: PLR2004 - the format has two digits for the year
        raise BankFileError(f"The format can't say {day}.", name="date")
    return f"{day:%y%m%d}"
