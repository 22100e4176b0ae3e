"""The records of NACHA files: which field is where (Nacha Operating Rules, appendix three)."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from ninefold.systems.payments.files.errors import BankFileError

RECORD_LENGTH: Final = 94
BLOCK_RECORDS: Final = 10
PADDING: Final = "9" * RECORD_LENGTH


class Field(msgspec.Struct, frozen=True, array_like=True):
    """A field of a record: digits are filled with zeros on the left, texts with spaces on the right.

    A `right` text is filled on the left, and a `blank` one is empty or ignored.
    """

    name: str
    width: int
    kind: Literal["digits", "text", "right", "blank"]


class Layout(msgspec.Struct, frozen=True):
    """The fields of one kind of record, after its type."""

    title: str
    type: str
    fields: tuple[Field, ...]


def _layout(title: str, record_type: str, fields: str) -> Layout:
    """Return a layout from lines of a name, a width and a kind."""
    rows = [line.split() for line in fields.strip().splitlines()]
    parsed = tuple(msgspec.convert((name, int(width), kind), Field) for name, width, kind in rows)
    assert sum(field.width for field in parsed) == RECORD_LENGTH - 1, title
    return Layout(title, record_type, parsed)


FILE_HEADER: Final = _layout(
    "file header",
    "1",
    """
    priority_code         2 digits
    immediate_destination 10 right
    immediate_origin      10 right
    creation_date         6 digits
    creation_time         4 text
    file_id_modifier      1 text
    record_size           3 digits
    blocking_factor       2 digits
    format_code           1 digits
    destination_name      23 text
    origin_name           23 text
    reference_code        8 text
    """,
)
BATCH_HEADER: Final = _layout(
    "batch header",
    "5",
    """
    service_class_code        3 digits
    company_name              16 text
    company_discretionary     20 text
    company_identification    10 text
    standard_entry_class      3 text
    company_entry_description 10 text
    company_descriptive_date  6 text
    effective_entry_date      6 text
    settlement_date           3 text
    originator_status_code    1 text
    originating_bank          8 digits
    batch_number              7 digits
    """,
)
ENTRY: Final = _layout(
    "entry",
    "6",
    """
    transaction_code   2 digits
    receiving_bank     8 digits
    check_digit        1 digits
    account_number     17 text
    amount             10 digits
    identification     15 text
    name               22 text
    discretionary_data 2 text
    addenda_indicator  1 digits
    trace_number       15 digits
    """,
)
PAYMENT_ADDENDUM: Final = _layout(
    "addendum",
    "7",
    """
    addenda_type     2 digits
    payment_information 80 text
    addenda_sequence 4 digits
    entry_sequence   7 digits
    """,
)
RETURN_ADDENDUM: Final = _layout(
    "return addendum",
    "7",
    """
    addenda_type   2 digits
    return_reason  3 text
    original_trace 15 digits
    date_of_death  6 blank
    original_bank  8 digits
    information    44 text
    trace_number   15 digits
    """,
)
CHANGE_ADDENDUM: Final = _layout(
    "change addendum",
    "7",
    """
    addenda_type   2 digits
    change_code    3 text
    original_trace 15 digits
    reserved       6 blank
    original_bank  8 digits
    corrected      29 text
    reserved       15 blank
    trace_number   15 digits
    """,
)
BATCH_CONTROL: Final = _layout(
    "batch control",
    "8",
    """
    service_class_code     3 digits
    entry_addenda_count    6 digits
    entry_hash             10 digits
    total_debit            12 digits
    total_credit           12 digits
    company_identification 10 text
    authentication_code    19 blank
    reserved               6 blank
    originating_bank       8 digits
    batch_number           7 digits
    """,
)
FILE_CONTROL: Final = _layout(
    "file control",
    "9",
    """
    batch_count         6 digits
    block_count         6 digits
    entry_addenda_count 8 digits
    entry_hash          10 digits
    total_debit         12 digits
    total_credit        12 digits
    reserved            39 blank
    """,
)


def pack(layout: Layout, values: Mapping[str, str | int], *, line: int) -> str:
    """Return a record of 94 characters.

    Raises:
        BankFileError: a value is too long, or has a character that the format doesn't have.
    """
    return layout.type + "".join(_pack_field(field, values.get(field.name, ""), line) for field in layout.fields)


def unpack(layout: Layout, record: str, *, line: int) -> dict[str, str]:
    """Return the fields of a record by their names, without the spaces that fill them.

    Raises:
        BankFileError: a field that has digits has something else.
    """
    values, position = {}, 1
    for field in layout.fields:
        text = record[position : position + field.width]
        position += field.width
        if field.kind == "digits" and not text.isdecimal():
            raise BankFileError(f"{text!r} isn't {field.width} digits.", line=line, name=field.name)
        if field.kind != "blank":
            values[field.name] = text.strip() if field.kind == "right" else text.rstrip()
    return values


def _pack_field(field: Field, value: str | int, line: int) -> str:
    text = str(value)
    if len(text) > field.width:
        raise BankFileError(f"{text!r} has more than {field.width} characters.", line=line, name=field.name)
    if not all(" " <= character <= "~" for character in text):
        raise BankFileError(f"{text!r} has characters that aren't ASCII.", line=line, name=field.name)
    if field.kind == "digits":
        filled = text.rjust(field.width, "0")
        if not filled.isdecimal():
            raise BankFileError(f"{text!r} isn't {field.width} digits.", line=line, name=field.name)
        return filled
    if text != (text.strip() if field.kind == "right" else text.rstrip()):
        raise BankFileError(f"{text!r} has spaces at its end, which would get lost.", line=line, name=field.name)
    return text.rjust(field.width) if field.kind == "right" else text.ljust(field.width)
