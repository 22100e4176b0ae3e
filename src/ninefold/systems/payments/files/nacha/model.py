"""What a NACHA file says."""

import unicodedata
from collections.abc import Iterable
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from ninefold.systems.payments.files.nacha.codes import CREDIT_ENDINGS, CREDITS_ONLY, DEBITS_ONLY, MIXED

EntryClass = Literal["PPD", "CCD", "COR"]
"""PPD pays persons, CCD pays companies, COR notifies of changes."""

ROUTING_DIGITS: Final = 9
TRACE_SEQUENCE_MAX: Final = 9_999_999
_ROUTING_WEIGHTS: Final = (3, 7, 1, 3, 7, 1, 3, 7)


class PaymentInformation(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver reads about an entry (addenda 05), up to 80 characters."""

    text: str


class Return(msgspec.Struct, frozen=True, kw_only=True):
    """Why an entry came back (addenda 99)."""

    reason: str
    """Such as R03; `RETURN_REASONS` says what it means."""
    original_trace: str
    """The trace number of the entry that came back, 15 digits."""
    original_bank: str
    """The first eight digits of the routing number that the entry was sent to."""
    information: str = ""


class NotificationOfChange(msgspec.Struct, frozen=True, kw_only=True):
    """What the receiver's bank wants to be different next time (addenda 98). The entry itself was paid."""

    change: str
    """Such as C01; `CHANGE_CODES` says what it means."""
    original_trace: str
    original_bank: str
    corrected: str


class NachaEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One payment."""

    transaction_code: int
    routing_number: str
    """Nine digits; the last one checks the others."""
    account_number: str
    amount: int
    """Cents."""
    name: str
    """Of the person or company that receives it."""
    trace_number: str
    """15 digits: the bank that sends, and a number that it uses once."""
    identification: str = ""
    discretionary_data: str = ""
    addendum: PaymentInformation | Return | NotificationOfChange | None = None

    @property
    def is_credit(self) -> bool:
        """Whether it pays into the account. A return of such an entry counts as credit too."""
        return self.transaction_code % 10 in CREDIT_ENDINGS

    @property
    def records(self) -> int:
        """How many records it has, with its addendum."""
        return 1 if self.addendum is None else 2


class NachaBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Payments of one company with one purpose."""

    entry_class: EntryClass
    company_name: str
    company_id: str
    description: str
    """What the receiver sees on the statement, such as PAYOUT; up to ten characters."""
    effective_date: date | None
    """When the receiver should have the money; returns may have none."""
    bank: str
    """The first eight digits of the routing number of the bank that sends."""
    number: int
    entries: tuple[NachaEntry, ...]
    descriptive_date: str = ""
    discretionary_data: str = ""
    settlement_day: int | None = None
    """The day of the year on which the operator settled it; only in files from the bank."""

    @property
    def service_class(self) -> int:
        """Whether it has credits, debits or both."""
        directions = {entry.is_credit for entry in self.entries}
        if directions == {True}:
            return CREDITS_ONLY
        return DEBITS_ONLY if directions == {False} else MIXED


class NachaFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file from or for a bank."""

    destination: str
    """The routing number of the bank or operator that receives it."""
    destination_name: str
    origin: str
    """Who sends it: a routing number, or ten characters that the bank has assigned."""
    origin_name: str
    created_at: datetime
    """Local time of the sender, in minutes, without a zone: the format has none."""
    batches: tuple[NachaBatch, ...]
    modifier: str = "A"
    """Tells the files of one day apart: A to Z, then 0 to 9."""
    reference: str = ""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """The control totals of a batch or of a file."""

    records: int
    """Entries and addenda."""
    hash: int
    """The sum of the banks' numbers without check digits, of which ten digits are kept."""
    debits: int
    credits: int


def total_of(entries: Iterable[NachaEntry]) -> Totals:
    """Return the control totals of entries; amounts in cents."""
    records = hash_sum = debits = credits_sum = 0
    for entry in entries:
        records += entry.records
        hash_sum += int(entry.routing_number[:8])
        if entry.is_credit:
            credits_sum += entry.amount
        else:
            debits += entry.amount
    return Totals(records=records, hash=hash_sum % 10**10, debits=debits, credits=credits_sum)


def is_routing_number(text: str) -> bool:
    """Return whether a text has the form of a routing number, with the right check digit."""
    if len(text) != ROUTING_DIGITS or not (text.isascii() and text.isdecimal()):
        return False
    weighted = sum(int(digit) * weight for digit, weight in zip(text[:8], _ROUTING_WEIGHTS, strict=True))
    return (weighted + int(text[8])) % 10 == 0


def trace_number(bank: str, sequence: int) -> str:
    """Return a trace number: the bank's eight digits, and a number that the bank uses once.

    Raises:
        ValueError: the sequence has more than seven digits.
    """
    if not 0 < sequence <= TRACE_SEQUENCE_MAX:
        raise ValueError(f"A trace number can't have the sequence {sequence}.")
    return f"{bank}{sequence:07d}"


def nacha_text(text: str, *, length: int) -> str:
    """Return a text as files can have it: upper case, without accents, other characters as spaces, and no longer."""
    plain = unicodedata.normalize("NFKD", text)
    kept = "".join(
        character if " " <= character <= "~" else " " for character in plain if not unicodedata.combining(character)
    )
    return " ".join(kept.upper().split())[:length].rstrip()
