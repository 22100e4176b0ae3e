"""Merchants: who is paid."""

from datetime import datetime, time
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

MERCHANT_PREFIX: Final = "mer"
ACT_FOR_MERCHANT: Final = "payments:merchant"
"""The scope of a merchant's secret key."""

ProcessorName: TypeAlias = Literal["simulator", "stripe"]
BankAccountKind: TypeAlias = Literal["checking", "savings"]


class CurrencyFee(msgspec.Struct, frozen=True, kw_only=True):
    """What each capture in a currency costs."""

    currency: str
    bps: int
    """The share of it, in hundredths of a percent."""
    fixed: int
    """What it costs besides, in minor units of the currency."""


class Merchant(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid, and what is agreed about fees, holds and settlement."""

    merchant_id: UUID
    organisation_id: UUID
    name: str
    country: str
    default_currency: str
    processor: ProcessorName
    time_zone: str
    cutoff: time
    """When the merchant's day ends, in its time zone."""
    fee_bps: int
    """The share of each capture in the default currency that it costs, in hundredths of a percent."""
    fee_fixed: int
    """What each capture in the default currency costs besides, in minor units."""
    fees: tuple[CurrencyFee, ...]
    """What captures in other currencies cost."""
    hold_days: int
    first_payout_days: int
    reserve_bps: int
    reserve_days: int
    payout_minimum: int
    bank_account_name: str | None
    bank_routing_number: str | None
    bank_account_number: str | None
    bank_account_kind: BankAccountKind | None
    created_at: datetime

    @property
    def bank_last4(self) -> str | None:
        """The last four characters of the bank account, which is all that is shown of it."""
        return None if self.bank_account_number is None else self.bank_account_number[-4:]

    def __repr__(self) -> str:
        return f"Merchant(merchant_id={self.merchant_id!r}, name={self.name!r})"


class MerchantChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is set for a merchant; None leaves it as it is."""

    name: str | None = None
    country: str | None = None
    default_currency: str | None = None
    processor: ProcessorName | None = None
    time_zone: str | None = None
    cutoff: time | None = None
    fee_bps: int | None = None
    fee_fixed: int | None = None
    fees: tuple[CurrencyFee, ...] | None = None
    """All of them."""
    hold_days: int | None = None
    first_payout_days: int | None = None
    reserve_bps: int | None = None
    reserve_days: int | None = None
    payout_minimum: int | None = None
    bank_account_name: str | None = None
    bank_routing_number: str | None = None
    bank_account_number: str | None = None
    bank_account_kind: BankAccountKind | None = None


class CreatedMerchant(msgspec.Struct, frozen=True, kw_only=True):
    """A new merchant with its keys, which are shown only now."""

    merchant: Merchant
    secret_key: str
    publishable_key: str

    def __repr__(self) -> str:
        return f"CreatedMerchant(merchant={self.merchant!r})"
