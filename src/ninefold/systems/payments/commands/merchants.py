"""`ninefold payments merchants …`."""

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.payments.model.merchants import MERCHANT_PREFIX

_MERCHANTS: Final = "/api/v1/payments/merchants"

merchants = App(name="merchants", help="Manage merchants: who is paid.")


class CreatedMerchantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A new merchant with its keys."""

    merchant_id: str
    name: str
    secret_key: str
    publishable_key: str


class MerchantAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A merchant."""

    merchant_id: str
    name: str
    processor: str
    default_currency: str
    time_zone: str
    cutoff: str
    bank_account_last4: str | None
    created_at: str


class FeeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What captures in another currency cost."""

    currency: str
    bps: int
    fixed: int


class MerchantDetailsAnswer(MerchantAnswer, frozen=True, kw_only=True):
    """A merchant with all that is agreed."""

    country: str
    fee_bps: int
    fee_fixed: int
    fees: list[FeeAnswer]
    hold_days: int
    first_payout_days: int
    reserve_bps: int
    reserve_days: int
    payout_minimum: int
    bank_account_name: str | None
    bank_routing_number: str | None
    bank_account_kind: str | None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Changes:
    """What is set for a merchant."""

    name: str | None = None
    """What it is called."""
    country: str | None = None
    """Its country, such as US."""
    default_currency: str | None = None
    """Its usual currency, such as USD."""
    processor: Literal["simulator", "stripe"] | None = None
    """Who moves the money of its cards."""
    time_zone: str | None = None
    """The time zone of its cut-off, such as America/New_York."""
    cutoff: str | None = None
    """When its day ends there, such as 17:00."""
    fee_bps: int | None = None
    """The share of each capture that it costs, in hundredths of a percent."""
    fee_fixed: int | None = None
    """What each capture costs besides, in minor units of the default currency."""
    hold_days: int | None = None
    """How many days captured funds are held."""
    first_payout_days: int | None = None
    """How many days the first ones are held."""
    reserve_bps: int | None = None
    """The share of each capture that is kept back longer, in hundredths of a percent."""
    reserve_days: int | None = None
    """How many days that is kept back."""
    payout_minimum: int | None = None
    """The smallest payout, in minor units."""
    bank_account_name: str | None = None
    """Whose bank account it is paid to; the other three are needed too."""
    bank_routing_number: str | None = None
    """The nine digits of its bank."""
    bank_account_number: str | None = None
    """The number of the account."""
    bank_account_kind: Literal["checking", "savings"] | None = None
    """What kind of account it is."""

    @property
    def given(self) -> dict[str, Any]:
        """What was given."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@merchants.command(name="create")
def create_merchant(
    name: str, *, currency: str | None = None, time_zone: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create a merchant, and print its keys.

    Args:
        name: What it is called.
        currency: Its usual currency, such as USD.
        time_zone: The time zone of its cut-off, such as America/New_York.
        api: The server and API key to use.
    """
    body: dict[str, object] = {"name": name, "default_currency": currency, "time_zone": time_zone}
    with api.client() as client:
        answer = client.post(_MERCHANTS, {key: value for key, value in body.items() if value is not None})
        show_answer(answer, CreatedMerchantAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("Save the keys now: they won't be shown again.")


@merchants.command(name="list")
def list_merchants(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List merchants, oldest first.

    Args:
        limit: Maximum number of merchants to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_MERCHANTS, limit=limit, cursor=cursor)
        show_answer(answer, Page[MerchantAnswer], api=api, show=_show_merchants)


@merchants.command(name="show")
def show_merchant(merchant_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a merchant, with the last four characters of its bank account.

    Args:
        merchant_id: The id of the merchant, such as mer_….
        api: The server and API key to use.
    """
    path = _path_of(merchant_id)
    with api.client() as client:
        show_answer(client.get(path), MerchantDetailsAnswer, api=api, show=_show_merchant)


def _require_a_change(*_: object, **options: object) -> None:
    """Refuse an update without any change; cyclopts shows a ValueError as a usage error."""
    if not isinstance(options.get("changes"), Changes):
        raise ValueError("Nothing to change: give --name, --cutoff, --fee-bps, --bank-account-… or another option.")  # noqa: TRY004 - of usage.


@merchants.command(name="update", validator=_require_a_change)
def update_merchant(merchant_id: str, *, changes: Changes | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Change a merchant. What you omit stays; what was captured keeps the fee and the hold of its time.

    Args:
        merchant_id: The id of the merchant, such as mer_….
        changes: What is set.
        api: The server and API key to use.
    """
    path = _path_of(merchant_id)
    body = {} if changes is None else changes.given
    with api.client() as client:
        show_answer(client.patch(path, body), MerchantDetailsAnswer, api=api, show=_show_merchant)


def _path_of(merchant_id: str) -> str:
    parse_argument_id(MERCHANT_PREFIX, merchant_id, shown_by="ninefold payments merchants list")
    return f"{_MERCHANTS}/{merchant_id}"


def _show_merchant(merchant: MerchantDetailsAnswer) -> None:
    fees = "; ".join(f"{fee.currency}: bps {fee.bps}, fixed {fee.fixed}" for fee in merchant.fees)
    print_fields({**msgspec.structs.asdict(merchant), "fees": fees or None})


def _show_merchants(page: Page[MerchantAnswer]) -> None:
    print_table(
        ["Merchant", "Name", "Processor", "Currency", "Time zone", "Cut-off", "Bank account", "Created at"],
        [
            [
                each.merchant_id,
                each.name,
                each.processor,
                each.default_currency,
                each.time_zone,
                each.cutoff,
                None if each.bank_account_last4 is None else f"…{each.bank_account_last4}",
                each.created_at,
            ]
            for each in page.items
        ],
        empty="No merchants yet. Create one: ninefold payments merchants create Bakery",
    )
    print_next_page(page)
