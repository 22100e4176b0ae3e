"""Merchants as the API shows and takes them."""

from datetime import time
from typing import Annotated, Any, Final

import msgspec

from ninefold.core.allowed_values import PATTERN_WORDS
from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.payments.model.merchants import (
    MERCHANT_PREFIX,
    BankAccountKind,
    CreatedMerchant,
    CurrencyFee,
    Merchant,
    MerchantChanges,
    ProcessorName,
)
from ninefold.systems.payments.routes.field_types import Last4, MerchantIdText, ProcessorText

Days = Annotated[int, msgspec.Meta(ge=0, le=365)]
Bps = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
MerchantName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["Ines Bakery"])]
CurrencyCode = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Za-z]{3}$",
        examples=["USD"],
        extra={PATTERN_WORDS: "the three letters of a currency in ISO 4217, such as USD"},
    ),
]
CountryCode = Annotated[
    str,
    msgspec.Meta(
        pattern="^[A-Z]{2}$",
        examples=["US"],
        extra={PATTERN_WORDS: "the two capital letters of a country in ISO 3166, such as US"},
    ),
]
TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$",
        examples=["17:00"],
        extra={PATTERN_WORDS: "a time of day with two digits each, such as 17:00"},
    ),
]
AccountName = Annotated[str, msgspec.Meta(min_length=1, max_length=100, examples=["Ines Bakery LLC"])]
RoutingNumber = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9]{9}$", examples=["021000021"], extra={PATTERN_WORDS: "the nine digits of a routing number"}
    ),
]
AccountNumber = Annotated[
    str,
    msgspec.Meta(
        pattern="^[0-9A-Za-z]{4,34}$",
        examples=["00123456"],
        extra={PATTERN_WORDS: "4 to 34 digits and letters, without spaces and hyphens"},
    ),
]

CURRENCY_FEES_MAX: Final = 200
"""More than there are currencies."""


class CurrencyFeeView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What each capture in a currency costs."""

    currency: CurrencyCode
    """Another one than the default currency."""
    bps: Bps
    """The share of it, in hundredths of a percent."""
    fixed: Minor
    """What it costs besides, in minor units of the currency."""


class UpdateMerchant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is set for a merchant; what is absent stays as it is."""

    name: MerchantName | None = None
    country: CountryCode | None = None
    default_currency: CurrencyCode | None = None
    processor: ProcessorName | None = None
    time_zone: Annotated[str, msgspec.Meta(min_length=1, max_length=60, examples=["America/New_York"])] | None = None
    """Such as `America/New_York`."""
    cutoff: TimeOfDay | None = None
    """When the merchant's day ends, in its time zone, such as `17:00`."""
    fee_bps: Bps | None = None
    """The share of each capture in the default currency that it costs, in hundredths of a percent."""
    fee_fixed: Minor | None = None
    """What each capture in the default currency costs besides, in minor units."""
    fees: Annotated[list[CurrencyFeeView], msgspec.Meta(max_length=CURRENCY_FEES_MAX)] | None = None
    """What captures in other currencies cost: all of them. A currency without an entry costs `fee_bps`, and nothing
    besides."""
    hold_days: Days | None = None
    first_payout_days: Days | None = None
    reserve_bps: Bps | None = None
    reserve_days: Days | None = None
    payout_minimum: Minor | None = None
    bank_account_name: AccountName | None = None
    bank_routing_number: RoutingNumber | None = None
    bank_account_number: AccountNumber | None = None
    bank_account_kind: BankAccountKind | None = None

    @property
    def changes(self) -> MerchantChanges:
        """What is set."""
        given = {name: getattr(self, name) for name in MerchantChanges.__struct_fields__}
        given["cutoff"] = None if self.cutoff is None else time.fromisoformat(self.cutoff)
        given["fees"] = None if self.fees is None else tuple(_read_fee(fee) for fee in self.fees)
        if self.default_currency is not None:
            given["default_currency"] = self.default_currency.upper()
        return MerchantChanges(**given)


class CreateMerchant(UpdateMerchant, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new merchant."""

    name: MerchantName


class MerchantView(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant, with the last four characters of its bank account."""

    merchant_id: MerchantIdText
    name: Annotated[str, msgspec.Meta(examples=["Ines Bakery"])]
    country: Annotated[str, msgspec.Meta(examples=["US"])]
    default_currency: Annotated[str, msgspec.Meta(examples=["USD"])]
    processor: ProcessorText
    time_zone: Annotated[str, msgspec.Meta(examples=["America/New_York"])]
    cutoff: Annotated[str, msgspec.Meta(examples=["17:00"])]
    fee_bps: int
    fee_fixed: int
    fees: list[CurrencyFeeView]
    hold_days: int
    first_payout_days: int
    reserve_bps: int
    reserve_days: int
    payout_minimum: int
    bank_account_name: Annotated[str | None, msgspec.Meta(examples=["Ines Bakery LLC"])]
    bank_routing_number: Annotated[str | None, msgspec.Meta(examples=["021000021"])]
    bank_account_last4: Last4 | None
    bank_account_kind: BankAccountKind | None
    created_at: Timestamp


class CreatedMerchantView(MerchantView, frozen=True, kw_only=True):
    """A new merchant with its keys, which are shown only now."""

    secret_key: Annotated[str, msgspec.Meta(examples=[f"sk_test_{EXAMPLE_ID}"])]
    publishable_key: Annotated[str, msgspec.Meta(examples=[f"pk_test_{EXAMPLE_ID}"])]


def show_merchant(merchant: Merchant) -> MerchantView:
    """Return a merchant as the API shows it."""
    return MerchantView(**_fields(merchant))


def show_created_merchant(created: CreatedMerchant) -> CreatedMerchantView:
    """Return a new merchant as the API shows it once."""
    return CreatedMerchantView(
        **_fields(created.merchant), secret_key=created.secret_key, publishable_key=created.publishable_key
    )


def _read_fee(fee: CurrencyFeeView) -> CurrencyFee:
    return CurrencyFee(currency=fee.currency.upper(), bps=fee.bps, fixed=fee.fixed)


def _fields(merchant: Merchant) -> dict[str, Any]:
    fields = msgspec.structs.asdict(merchant)
    del fields["organisation_id"], fields["bank_account_number"]
    return {
        **fields,
        "merchant_id": format_id(MERCHANT_PREFIX, merchant.merchant_id),
        "fees": [CurrencyFeeView(**msgspec.structs.asdict(fee)) for fee in merchant.fees],
        "cutoff": merchant.cutoff.strftime("%H:%M"),
        "bank_account_last4": merchant.bank_last4,
    }
