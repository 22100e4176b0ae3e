"""`/v1/payouts`: read and list; payouts follow from settlement, and aren't asked for."""

from typing import Final, Literal

from litestar.handlers import HTTPRouteHandler

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.store.pages import payout_list_of_merchant
from ninefold.systems.payments.stripe.calls import Call, NoParameters, read
from ninefold.systems.payments.stripe.finding import PAYOUTS, find_payout
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import show_payout
from ninefold.systems.payments.stripe.pages import CreatedPageParameters, page_query, show_page
from ninefold.systems.payments.stripe.server import StripeServer

_PAYOUTS: Final = "/v1/payouts"


class ListPayouts(CreatedPageParameters, frozen=True, kw_only=True):
    """Which payouts are listed."""

    status: Literal["pending", "in_transit", "paid", "failed", "canceled"] | None = None


def payout_routes(server: StripeServer) -> list[HTTPRouteHandler]:
    """Return the endpoints."""
    return [
        read(server, _PAYOUTS, ListPayouts, list_payouts),
        read(server, f"{_PAYOUTS}/{{id:str}}", NoParameters, retrieve),
    ]


async def list_payouts(call: Call, connection: Connection, given: ListPayouts) -> Json:
    """List payouts, newest first."""
    query = page_query(given, PAYOUTS)
    found = await payout_list_of_merchant(connection, query, merchant_id=call.merchant.merchant_id, state=given.status)
    return show_page(query, found, show_payout, url=call.path)


async def retrieve(call: Call, connection: Connection, _: NoParameters) -> Json:
    """Show a payout."""
    return show_payout(await find_payout(connection, call.merchant, call.ids["id"]))
