"""`ninefold payments merchants …`."""

from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)

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
