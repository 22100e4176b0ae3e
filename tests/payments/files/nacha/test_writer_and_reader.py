"""NACHA files: each byte of one, what a reader gets back, and what it refuses."""

from collections.abc import Callable
from datetime import date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.payments.files.errors import BankFileError
from ninefold.systems.payments.files.nacha import (
    NachaBatch,
    NachaEntry,
    NachaFile,
    NotificationOfChange,
    PaymentInformation,
    Return,
    is_routing_number,
    nacha_text,
    read_nacha,
    trace_number,
    write_nacha,
)

BANK = "07100050"

PERSON = NachaEntry(
    transaction_code=22,
    routing_number="011000015",
    account_number="000123456789",
    amount=6_188_337,
    name="INES CARVALHO",
    trace_number=trace_number(BANK, 318),
    identification="PO7ZQ4",
)
COMPANY = NachaEntry(
    transaction_code=32,
    routing_number="122105155",
    account_number="99-1",
    amount=1,
    name="KESTREL OUTDOOR",
    trace_number=trace_number(BANK, 319),
    addendum=PaymentInformation(text="PAYOUT OF 2026-11-23"),
)
FILE = NachaFile(
    destination="071000505",
    destination_name="FIRST BANK",
    origin="1234567890",
    origin_name="NINEFOLD",
    created_at=datetime(2026, 11, 23, 17, 2),  # noqa: DTZ001 - the format has no zone
    batches=(
        NachaBatch(
            entry_class="PPD",
            company_name="NINEFOLD",
            company_id="1234567890",
            description="PAYOUT",
            effective_date=date(2026, 11, 24),
            bank=BANK,
            number=1,
            entries=(PERSON,),
        ),
        NachaBatch(
            entry_class="CCD",
            company_name="NINEFOLD",
            company_id="1234567890",
            description="PAYOUT",
            effective_date=date(2026, 11, 24),
            bank=BANK,
            number=2,
            entries=(COMPANY,),
        ),
    ),
)
# Each field at its place, counted by hand from the layout of the Nacha Operating Rules, appendix three.
RECORDS = [
    "101 0710005051234567890261123" + "1702A094101" + f"{'FIRST BANK':23}{'NINEFOLD':23}{'':8}",
    f"5220{'NINEFOLD':16}{'':20}1234567890PPD{'PAYOUT':10}{'':6}261124   1{BANK}0000001",
    f"622011000015{'000123456789':17}0006188337{'PO7ZQ4':15}{'INES CARVALHO':22}  0{BANK}0000318",
    f"82200000010001100001000000000000000006188337{'1234567890':10}{'':19}{'':6}{BANK}0000001",
    f"5220{'NINEFOLD':16}{'':20}1234567890CCD{'PAYOUT':10}{'':6}261124   1{BANK}0000002",
    f"632122105155{'99-1':17}0000000001{'':15}{'KESTREL OUTDOOR':22}  1{BANK}0000319",
    f"705{'PAYOUT OF 2026-11-23':80}00010000319",
    f"82200000020012210515000000000000000000000001{'1234567890':10}{'':19}{'':6}{BANK}0000002",
    f"9000002000001000000030013310516000000000000000006188338{'':39}",
    "9" * 94,
]


def text_of(records: list[str]) -> bytes:
    return "".join(f"{record}\n" for record in records).encode()


def test_a_file_has_each_field_at_its_place() -> None:
    assert write_nacha(FILE).decode().splitlines() == RECORDS


def test_what_was_written_is_read() -> None:
    assert read_nacha(write_nacha(FILE)) == FILE


@pytest.mark.parametrize("convert", [lambda text: text.replace(b"\n", b"\r\n"), lambda text: text.replace(b"\n", b"")])
def test_lines_may_end_with_crlf_or_not_at_all(convert: Callable[[bytes], bytes]) -> None:
    assert read_nacha(convert(text_of(RECORDS))) == FILE


def replaced(record: int, old: str, new: str) -> bytes:
    assert old in RECORDS[record]
    return text_of([*RECORDS[:record], RECORDS[record].replace(old, new, 1), *RECORDS[record + 1 :]])


@pytest.mark.parametrize(
    ("content", "line", "name"),
    [
        (b"", 1, None),
        (text_of(RECORDS[1:]), 1, None),
        (text_of(RECORDS[:-1]), None, None),
        (text_of([*RECORDS[:3], RECORDS[3][:-1], *RECORDS[4:]]), 4, None),
        (text_of([*RECORDS[:9], RECORDS[2]]), 10, None),
        (text_of(RECORDS).replace(b"INES CARVALHO", "INÊS CARVALH".encode()), 3, None),
        (replaced(0, "094", "080"), 1, "record_size"),
        (replaced(0, "261123", "261323"), 1, "creation_date"),
        (replaced(0, "1702A", "1702a"), 1, "file_id_modifier"),
        (replaced(1, "PPD", "WEB"), 2, "standard_entry_class"),
        (replaced(1, "261124", "26112X"), 2, "effective_entry_date"),
        (replaced(2, "622", "620"), 3, "transaction_code"),
        (replaced(2, "011000015", "011000016"), 3, "check_digit"),
        (replaced(2, "0006188337", "000618833X"), 3, "amount"),
        (replaced(2, "0006188337", "0000000000"), 3, "amount"),
        (replaced(2, "0000318", "000031 "), 3, "trace_number"),
        (replaced(2, f"0{BANK}0000318", f"1{BANK}0000318"), 3, "addenda_indicator"),
        (replaced(3, "000006188337", "000006188336"), 4, "total_credit"),
        (replaced(3, "0001100001", "0001100002"), 4, "entry_hash"),
        (replaced(3, "000001", "000002"), 4, "entry_addenda_count"),
        (replaced(3, "8220", "8225"), 4, "service_class_code"),
        (replaced(5, "0000319", "0000318"), 7, "entry_sequence"),
        (replaced(6, "705", "702"), 7, "addenda_type"),
        (replaced(8, "9000002", "9000003"), 9, "batch_count"),
        (replaced(8, "000001", "000002"), 9, "block_count"),
        (replaced(8, "0013310516", "0013310517"), 9, "entry_hash"),
    ],
)
def test_a_fault_is_refused_with_its_line_and_its_field(content: bytes, line: int | None, name: str | None) -> None:
    with pytest.raises(BankFileError) as caught:
        read_nacha(content)
    assert (caught.value.line, caught.value.name) == (line, name)


def test_an_error_names_line_and_field() -> None:
    with pytest.raises(BankFileError, match=r"^Line 4, total_credit: It says 6188336, and the records have 6188337"):
        read_nacha(replaced(3, "000006188337", "000006188336"))


def with_entries(*entries: NachaEntry) -> NachaFile:
    return msgspec.structs.replace(FILE, batches=(msgspec.structs.replace(FILE.batches[0], entries=entries),))


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (with_entries(PERSON, PERSON), "trace_number"),
        (with_entries(msgspec.structs.replace(PERSON, trace_number=trace_number("01100001", 1))), "trace_number"),
        (msgspec.structs.replace(FILE, batches=(FILE.batches[0], FILE.batches[0])), "batch_number"),
        (
            msgspec.structs.replace(
                FILE, batches=(FILE.batches[0], msgspec.structs.replace(FILE.batches[0], number=9))
            ),
            "trace_number",
        ),
        (with_entries(msgspec.structs.replace(PERSON, amount=10**10)), "amount"),
        (with_entries(msgspec.structs.replace(PERSON, name="INÊS")), "name"),
        (with_entries(msgspec.structs.replace(PERSON, name="X" * 23)), "name"),
        (with_entries(), None),
    ],
)
def test_what_a_reader_would_refuse_is_not_written(file: NachaFile, name: str | None) -> None:
    with pytest.raises(BankFileError) as caught:
        write_nacha(file)
    assert caught.value.name == name


def test_returns_and_notifications_of_change_are_read() -> None:
    returned = msgspec.structs.replace(
        PERSON,
        transaction_code=21,
        trace_number=trace_number("01100001", 7),
        addendum=Return(reason="R03", original_trace=PERSON.trace_number, original_bank="07100050"),
    )
    changed = msgspec.structs.replace(
        PERSON,
        transaction_code=21,
        amount=0,
        trace_number=trace_number("01100001", 8),
        addendum=NotificationOfChange(
            change="C01", original_trace=PERSON.trace_number, original_bank="07100050", corrected="000123456780"
        ),
    )
    batch = msgspec.structs.replace(FILE.batches[0], settlement_day=330, effective_date=None)
    file = msgspec.structs.replace(
        FILE,
        batches=(
            msgspec.structs.replace(batch, entries=(returned,)),
            msgspec.structs.replace(batch, entries=(changed,), entry_class="COR", number=2),
        ),
    )

    content = write_nacha(file)

    assert read_nacha(content) == file
    assert content.decode().splitlines()[3] == f"799R03{PERSON.trace_number}      07100050{'':44}011000010000007"
    with pytest.raises(BankFileError, match="Line 4, return_reason: There is no return reason 'R99'"):
        read_nacha(content.replace(b"R03", b"R99"))


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


def fitted(length: int) -> st.SearchStrategy[str]:
    return TEXT.map(lambda text: text[:length].rstrip())


@st.composite
def files(draw: st.DrawFn) -> NachaFile:
    batches = []
    sequence = 0
    for number in range(1, draw(st.integers(0, 3)) + 1):
        entries = []
        for _ in range(draw(st.integers(1, 4))):
            sequence += draw(st.integers(1, 99))
            entries.append(
                NachaEntry(
                    transaction_code=draw(st.sampled_from([22, 27, 32, 37])),
                    routing_number=draw(st.sampled_from(["011000015", "122105155", "071000505"])),
                    account_number="A" + draw(fitted(16)),
                    amount=draw(st.integers(1, 9_999_999_999)),
                    name=draw(fitted(22)),
                    trace_number=trace_number(BANK, sequence),
                    identification=draw(fitted(15)),
                    discretionary_data=draw(fitted(2)),
                    addendum=draw(st.none() | st.builds(PaymentInformation, text=fitted(80))),
                )
            )
        batches.append(
            NachaBatch(
                entry_class=draw(st.sampled_from(["PPD", "CCD"])),
                company_name=draw(fitted(16)),
                company_id=draw(fitted(10)),
                description=draw(fitted(10)),
                effective_date=draw(st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31))),
                bank=BANK,
                number=number,
                entries=tuple(entries),
            )
        )
    return msgspec.structs.replace(FILE, batches=tuple(batches), reference=draw(fitted(8)))


@given(files())
def test_every_file_is_read_as_it_was_written(file: NachaFile) -> None:
    content = write_nacha(file)

    assert read_nacha(content) == file
    assert content == write_nacha(file)
    assert len(content) % (95 * 10) == 0


@given(st.binary(max_size=300) | TEXT.map(str.encode))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(BankFileError):
        read_nacha(content)


@given(st.integers(0, len(text_of(RECORDS)) - 1), st.sampled_from(b"0123456789 AR\n"))
def test_a_changed_byte_changes_what_is_read_or_is_refused(position: int, byte: int) -> None:
    content = bytearray(text_of(RECORDS))
    content[position] = byte
    try:
        file = read_nacha(bytes(content))
    except BankFileError:
        return
    entries = [entry for batch in file.batches for entry in batch.entries]
    assert sum(entry.amount for entry in entries) == PERSON.amount + COMPANY.amount


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [
        ("011000015", True),
        ("122105155", True),
        ("011000014", False),
        ("11000015", False),
        ("01100001x", False),
        ("\u0660" * 9, False),
    ],
)
def test_routing_numbers_have_a_check_digit(text: str, *, is_valid: bool) -> None:
    assert is_routing_number(text) is is_valid


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Inês Carvalho", "INES CARVALHO"),
        ("Æther  GmbH\n", "THER GMBH"),
        ("A very long name of a shop", "A VERY LONG NAME OF A"),
    ],
)
def test_names_become_what_files_can_have(text: str, expected: str) -> None:
    assert nacha_text(text, length=22) == expected


@pytest.mark.parametrize("sequence", [0, 10_000_000])
def test_a_trace_number_has_seven_digits_of_its_own(sequence: int) -> None:
    with pytest.raises(ValueError, match="can't have the sequence"):
        trace_number(BANK, sequence)
