"""What stands in bank files about payouts."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.payments.files.csv_file import CsvPayout, safe_text, write_csv
from ninefold.systems.payments.files.nacha import (
    NachaBatch,
    NachaEntry,
    NachaFile,
    is_routing_number,
    nacha_text,
    write_nacha,
)
from ninefold.systems.payments.files.nacha.codes import CHECKING_CREDIT, SAVINGS_CREDIT
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.settlement import PAYOUT_PREFIX, BankFileFormat, Payout

REFERENCE_LENGTH: Final = 15
NAME_LENGTH: Final = 22
DESCRIPTION: Final = "PAYOUT"
MODIFIERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Originator(msgspec.Struct, frozen=True, kw_only=True):
    """Who sends NACHA files, and to which bank; the bank says what to write here."""

    bank_routing_number: str
    bank_name: str
    origin: str
    origin_name: str
    company_id: str
    company_name: str
    time_zone: str = "America/New_York"

    @property
    def bank(self) -> str:
        """The first eight digits of the bank's routing number, with which trace numbers begin."""
        return self.bank_routing_number[:8]


def payout_reference(payout_id: UUID) -> str:
    """Return what the bank repeats about a payout: 15 characters, since NACHA entries have no room for more."""
    return format_id(PAYOUT_PREFIX, payout_id)[-REFERENCE_LENGTH:].upper()


def payout_method(merchant: Merchant, currency: str) -> BankFileFormat:
    """Return how a merchant is paid in a currency: by ACH to banks in the United States, else by a CSV file."""
    is_ach = currency == "USD" and merchant.country == "US" and is_routing_number(merchant.bank_routing_number or "")
    return "nacha" if is_ach else "csv"


def file_name(day: date, number: int, file_format: BankFileFormat) -> str:
    """Return what a file is called, such as `payouts-20261123-1.ach`."""
    return f"payouts-{day:%Y%m%d}-{number}.{'ach' if file_format == 'nacha' else 'csv'}"


def nacha_content(
    payouts: Sequence[Payout],
    merchants: Mapping[UUID, Merchant],
    *,
    originator: Originator,
    trace_numbers: Mapping[UUID, str],
    number: int,
    at: datetime,
) -> bytes:
    """Return a NACHA file with payouts, in a batch for each date on which they arrive.

    Args:
        payouts: what is paid.
        merchants: who is paid, by id.
        originator: who pays.
        trace_numbers: by the id of the payout.
        number: the number of the file on its day.
        at: when it is written.

    Raises:
        BankFileError: what a merchant has said about its bank account can't be written.
    """
    ordered = sorted(payouts, key=lambda payout: (payout.arrival_date, trace_numbers[payout.payout_id]))
    batches = [
        NachaBatch(
            entry_class="CCD",
            company_name=originator.company_name,
            company_id=originator.company_id,
            description=DESCRIPTION,
            effective_date=arrival_date,
            bank=originator.bank,
            number=position,
            entries=tuple(
                _entry(payout, merchants[payout.merchant_id], trace_numbers[payout.payout_id]) for payout in group
            ),
        )
        for position, (arrival_date, group) in enumerate(
            groupby(ordered, key=lambda payout: payout.arrival_date), start=1
        )
    ]
    file = NachaFile(
        destination=originator.bank_routing_number,
        destination_name=originator.bank_name,
        origin=originator.origin,
        origin_name=originator.origin_name,
        created_at=at.astimezone(ZoneInfo(originator.time_zone)).replace(tzinfo=None),
        batches=tuple(batches),
        modifier=MODIFIERS[(number - 1) % len(MODIFIERS)],
    )
    return write_nacha(file)


def csv_content(payouts: Sequence[Payout], merchants: Mapping[UUID, Merchant]) -> bytes:
    """Return a CSV file with payouts."""
    return write_csv(_csv_payout(payout, merchants[payout.merchant_id]) for payout in payouts)


def content_digest(content: bytes) -> bytes:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(content).digest()


def _entry(payout: Payout, merchant: Merchant, trace_number: str) -> NachaEntry:
    return NachaEntry(
        transaction_code=SAVINGS_CREDIT if merchant.bank_account_kind == "savings" else CHECKING_CREDIT,
        routing_number=merchant.bank_routing_number or "",
        account_number=merchant.bank_account_number or "",
        amount=payout.amount,
        name=nacha_text(merchant.bank_account_name or merchant.name, length=NAME_LENGTH),
        trace_number=trace_number,
        identification=payout.reference,
    )


def _csv_payout(payout: Payout, merchant: Merchant) -> CsvPayout:
    return CsvPayout(
        reference=payout.reference,
        name=safe_text(merchant.bank_account_name or merchant.name),
        routing_number=merchant.bank_routing_number or "",
        account=safe_text(merchant.bank_account_number or ""),
        currency=payout.currency,
        amount=payout.amount,
        arrival_date=payout.arrival_date,
        statement_text=safe_text(payout.statement_descriptor or ""),
    )
