"""`expand[]`: ids in an answer that are replaced by their objects, also within each other and in lists."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.pages import PageQuery
from ninefold.systems.payments.store.pages import refund_list_of_merchant
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.finding import (
    CHARGES,
    find_any_customer,
    find_balance_transaction,
    find_charge,
    find_intent,
    find_payment_method,
    find_payout,
    find_refund,
    show_charge_of_merchant,
)
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.objects.others import (
    show_balance_transaction,
    show_customer,
    show_payout,
    show_refund,
)
from ninefold.systems.payments.stripe.objects.payment_intents import show_payment_intent
from ninefold.systems.payments.stripe.objects.payment_methods import show_payment_method

DEPTH_MAX: Final = 4
PATHS_MAX: Final = 20
REFUNDS_MAX: Final = 10
"""Refunds of a charge that it shows with itself."""

EXPANDABLE: Final[Mapping[str, frozenset[str]]] = {
    "balance_transaction": frozenset({"source"}),
    "charge": frozenset({"balance_transaction", "customer", "payment_intent", "refunds"}),
    "invoice_settings": frozenset({"default_payment_method"}),
    "payment_intent": frozenset({"customer", "latest_charge", "payment_method"}),
    "payment_method": frozenset({"customer"}),
    "payout": frozenset({"balance_transaction"}),
    "refund": frozenset({"balance_transaction", "charge", "failure_balance_transaction", "payment_intent"}),
}
"""What can be expanded, by the type of the object."""


def read_expand(value: Any) -> list[list[str]]:
    """Return the paths of an `expand` parameter.

    Raises:
        StripeError: it isn't a list of texts, or has too many of them, or too long ones.
    """
    if value is None:
        return []
    items = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise StripeError("Invalid array", param="expand")
    paths = [item.split(".") for item in items]
    if len(paths) > PATHS_MAX:
        raise StripeError(f"You can expand at most {PATHS_MAX} properties.", param="expand")
    if any(len(path) - (path[0] == "data") > DEPTH_MAX for path in paths):
        raise StripeError(f"You can expand properties at most {DEPTH_MAX} levels deep.", param="expand")
    return paths


async def expand_object(
    connection: Connection, merchant: Merchant, shown: Json, path: Sequence[str], *, base_url: str
) -> None:
    """Replace what a path names in an object by the object that it is the id of.

    Raises:
        StripeError: that can't be expanded.
    """
    name, *rest = path
    if name == "data" and shown.get("object") == "list":
        if not rest:
            raise _not_expandable(name)
        for item in shown["data"]:
            await expand_object(connection, merchant, item, rest, base_url=base_url)
        return
    if name == "invoice_settings" and rest and shown.get("object") == "customer" and name in shown:
        inner = {"object": name, **shown[name]}
        await expand_object(connection, merchant, inner, rest, base_url=base_url)
        del inner["object"]
        shown[name] = inner
        return
    if name not in EXPANDABLE.get(str(shown.get("object")), frozenset()):
        raise _not_expandable(name)
    if name == "refunds":
        shown[name] = await _show_refunds(connection, merchant, shown)
    elif isinstance(shown[name], str):
        shown[name] = await _load(connection, merchant, shown[name], base_url=base_url)
    if rest and isinstance(shown[name], dict):
        await expand_object(connection, merchant, shown[name], rest, base_url=base_url)


async def _load(connection: Connection, merchant: Merchant, text: str, *, base_url: str) -> Json:
    prefix = text.partition("_")[0]
    if prefix == "pi":
        return show_payment_intent(await find_intent(connection, merchant, text), base_url=base_url)
    load = _LOADERS.get(prefix)
    return {"id": text} if load is None else await load(connection, merchant, text)


async def _load_balance_transaction(connection: Connection, merchant: Merchant, text: str) -> Json:
    return show_balance_transaction(await find_balance_transaction(connection, merchant, text))


async def _load_charge(connection: Connection, merchant: Merchant, text: str) -> Json:
    return await show_charge_of_merchant(connection, merchant, await find_charge(connection, merchant, text))


async def _load_customer(connection: Connection, merchant: Merchant, text: str) -> Json:
    return show_customer(await find_any_customer(connection, merchant, text))


async def _load_payment_method(connection: Connection, merchant: Merchant, text: str) -> Json:
    return show_payment_method(await find_payment_method(connection, merchant, text))


async def _load_payout(connection: Connection, merchant: Merchant, text: str) -> Json:
    return show_payout(await find_payout(connection, merchant, text))


async def _load_refund(connection: Connection, merchant: Merchant, text: str) -> Json:
    return show_refund(await find_refund(connection, merchant, text))


async def _show_refunds(connection: Connection, merchant: Merchant, charge: Json) -> Json:
    refunds = await refund_list_of_merchant(
        connection,
        PageQuery(limit=REFUNDS_MAX + 1),
        merchant_id=merchant.merchant_id,
        intent_id=None,
        charge_id=CHARGES.id_of(charge["id"]),
    )
    return {
        "object": "list",
        "data": [show_refund(refund) for refund in refunds[:REFUNDS_MAX]],
        "has_more": len(refunds) > REFUNDS_MAX,
        "url": f"/v1/charges/{charge['id']}/refunds",
    }


def _not_expandable(name: str) -> StripeError:
    return StripeError(f"This property cannot be expanded ({name[:80]}).", param="expand")


_LOADERS: Final[dict[str, Callable[[Connection, Merchant, str], Awaitable[Json]]]] = {
    "ch": _load_charge,
    "cus": _load_customer,
    "pm": _load_payment_method,
    "re": _load_refund,
    "po": _load_payout,
    "txn": _load_balance_transaction,
}
