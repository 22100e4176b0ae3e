"""The payment that a page of ours is about on which a customer authenticates, and the way back to the shop."""

from urllib.parse import urlencode
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.payments.model.payments import INTENT_PREFIX, Attempt, Intent
from ninefold.systems.payments.store.payments import attempt_find_waiting, intent_load


class PaymentOfPage(msgspec.Struct, frozen=True, kw_only=True):
    """A payment whose customer is on the page."""

    intent: Intent
    merchant_name: str
    card: str | None
    """What may be shown of it, such as `Visa …3220`."""
    waiting: Attempt | None
    """The call that waits for the customer on this page; None if none does, or does on another page."""

    def address_of_shop(self, *, is_passed: bool) -> str | None:
        """Return where the shop wants its customer, with what became of it; None if it hasn't said."""
        address = self.intent.options.get("return_url")
        if not isinstance(address, str):
            return None
        query = urlencode(
            {
                "payment_intent": format_id(INTENT_PREFIX, self.intent.intent_id),
                "payment_intent_client_secret": self.intent.client_secret,
                "redirect_status": "succeeded" if is_passed else "failed",
            }
        )
        page, hash_mark, fragment = address.partition("#")
        return f"{page}{'&' if '?' in page else '?'}{query}{hash_mark}{fragment}"


async def find_payment_of_page(database: Database, text: str | None, *, action_url: str) -> PaymentOfPage | None:
    """Return the payment that a page is about; None if there is none.

    Args:
        database: where payments are.
        text: the id of the payment, which is in the address of the page.
        action_url: the address of the page, without it.
    """
    intent_id = _read_id(text)
    if intent_id is None:
        return None
    async with database.connection() as connection:
        loaded = await intent_load(connection, intent_id=intent_id)
        waiting = await attempt_find_waiting(connection, intent_id=intent_id)
    if loaded is None:
        return None
    method = loaded.payment_method
    is_here = loaded.intent.state == "requires_action" and loaded.intent.action_url == action_url
    return PaymentOfPage(
        intent=loaded.intent,
        merchant_name=loaded.merchant.name,
        card=None if method is None else f"{method.brand.capitalize()} …{method.last4}",
        waiting=waiting if is_here else None,
    )


def _read_id(text: str | None) -> UUID | None:
    try:
        return parse_id(INTENT_PREFIX, text or "")
    except InvalidIdError:
        return None
