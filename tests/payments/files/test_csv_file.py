"""CSV files of payouts."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.payments.files.csv_file import CsvPayout, read_csv, safe_text, write_csv
from ninefold.systems.payments.files.errors import BankFileError

PAYOUT = CsvPayout(
    reference="po_1",
    name='Kestrel "Outdoor", Ltd',
    routing_number="",
    account="DE02120300000000202051",
    currency="EUR",
    amount=6_188_337,
    arrival_date=date(2026, 11, 24),
    statement_text="Payout of 2026-11-23",
)


def test_a_file_has_a_line_per_payout_and_its_totals() -> None:
    yen = msgspec.structs.replace(PAYOUT, reference="po_2", currency="JPY", amount=500)

    assert write_csv([PAYOUT, yen]).decode().replace('"', "").splitlines() == [
        "record,reference,name,routing_number,account,currency,amount,arrival_date,statement_text",
        "payout,po_1,Kestrel Outdoor, Ltd,,DE02120300000000202051,EUR,61883.37,2026-11-24,Payout of 2026-11-23",
        "payout,po_2,Kestrel Outdoor, Ltd,,DE02120300000000202051,JPY,500,2026-11-24,Payout of 2026-11-23",
        "total,1,,,,EUR,61883.37,,",
        "total,1,,,,JPY,500,,",
    ]


TEXT = st.text(max_size=30).map(safe_text)


@given(
    st.lists(
        st.builds(
            CsvPayout,
            reference=st.from_regex(r"\Apo_[0-9a-z]{1,26}\Z"),
            name=TEXT,
            routing_number=TEXT,
            account=TEXT,
            currency=st.sampled_from(["USD", "EUR", "JPY", "KWD"]),
            amount=st.integers(1, 10**14),
            arrival_date=st.dates(),
            statement_text=TEXT,
        ),
        max_size=5,
    )
)
def test_every_file_is_read_as_it_was_written(payouts: list[CsvPayout]) -> None:
    assert read_csv(write_csv(payouts)) == payouts


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"61883.37","2026', '"61883.38","2026', 3),
        ('"total","1"', '"total","2"', 3),
        ('"61883.37","2026', '"6.188337e4","2026', 2),
        ('"2026-11-24"', '"24/11/2026"', 2),
        ('"EUR","61883.37","2026', '"EUX","61883.37","2026', 2),
        ('"total",', '"totals",', 3),
        ('"payout",', "", 2),
        ('"record",', '"line",', 1),
    ],
)
def test_a_fault_is_refused_with_its_line(old: str, new: str, line: int) -> None:
    text = write_csv([PAYOUT]).decode()
    assert old in text
    with pytest.raises(BankFileError) as caught:
        read_csv(text.replace(old, new, 1).encode())
    assert caught.value.line == line


@given(st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(BankFileError):
        read_csv(content)


@pytest.mark.parametrize("amount", [0, -1])
def test_nobody_is_paid_nothing(amount: int) -> None:
    with pytest.raises(BankFileError, match="Line 2, amount"):
        write_csv([msgspec.structs.replace(PAYOUT, amount=amount)])


@pytest.mark.parametrize(
    ("text", "expected"), [("=1+1", "1+1"), ("  @SUM(A1)", "SUM(A1)"), ("-=+x", "x"), ("a\r\nb", "a b"), ("a=b", "a=b")]
)
def test_no_text_is_a_formula(text: str, expected: str) -> None:
    assert safe_text(text) == expected
