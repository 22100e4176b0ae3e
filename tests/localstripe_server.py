"""A process with localstripe, an imitation of Stripe, and what it leaves out of Stripe's API that our processor needs.

Run it with a port: it listens on 127.0.0.1 only, keeps everything in memory, and prints `ready`. Added are idempotency
keys, `created[gte]` and `created[lt]` of lists, the newest first, `return_url` with the URL that customers are sent to,
captures of a part with metadata, refusals, and a card whose answers get lost. Ninefold's processes have nothing of it.
"""

import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeAlias

from aiohttp import web
from localstripe import resources
from localstripe.errors import UserError

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOST = "pm_card_lostAnswer"
CARDS = {
    "pm_card_visa": "4242424242424242",
    LOST: "4242424242424242",
    "pm_card_chargeDeclined": "4000000000000341",
    "pm_card_authenticationRequired": "4000002500003155",
}

_answers: dict[str, tuple[int, bytes]] = {}


@web.middleware
async def answer_once(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request with a known idempotency key as before, without doing it again."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return await handler(request)
    if key not in _answers:
        response = await handler(request)
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        _answers[key] = (response.status, response.body)
    if LOST in await request.text() and request.transport is not None:
        request.transport.abort()
    status, body = _answers[key]
    return web.Response(status=status, body=body, content_type="application/json")


def create_payment(cls: Any, /, return_url: str | None = None, **data: Any) -> Any:
    """Create a payment that sends its customer to a page, if there is one to come back to."""
    payment = _create_payment.__func__(cls, **data)
    if payment.next_action is not None and return_url is not None:
        url = f"https://hooks.example/authenticate/{payment.id}"
        payment.next_action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}
    return payment


def list_of_time(cls: Any, /, url: str, created: dict[str, str] | None = None, **others: Any) -> Any:
    """List what was created from one time to another, newest first."""
    listed = resources.List(url, **others)
    first, after = (int((created or {}).get(name, default)) for name, default in (("gte", 0), ("lt", 2**40)))
    own = [value for key, value in resources.store.items() if key.startswith(f"{cls.object}:")]
    listed._list = [each for each in reversed(own) if first <= each.created < after]
    return listed


def capture_payment(id: str, amount_to_capture: str, metadata: dict[str, str]) -> Any:  # noqa: A002
    """Capture a payment, or a part of it, in one entry of the balance, and change its metadata."""
    payment = resources.PaymentIntent._api_retrieve(id)
    amount = int(amount_to_capture)
    if payment.status != "requires_capture":
        raise UserError(400, "It can't be captured.", {"code": "payment_intent_unexpected_state"})
    if amount > payment.amount:
        raise UserError(400, "It is more than was authorised.", {"code": "amount_too_large"})
    payment.metadata.update(metadata)
    charge = payment.latest_charge
    charge.captured = True
    resources.BalanceTransaction(
        amount=amount, currency=charge.currency, reporting_category="charge", source=charge.id, type="charge"
    )
    return payment


def refund_what_is_left(self: Any, **data: Any) -> None:
    """Refuse to refund more than is left of a payment."""
    if data.get("payment_intent") is not None:
        charge = resources.PaymentIntent._api_retrieve(data["payment_intent"]).latest_charge
        if not charge.captured or int(data["amount"]) > charge.amount - charge.amount_refunded:
            raise UserError(400, "More can't be refunded.", {"code": "charge_already_refunded"})
    _make_refund(self, **data)


def find_test_card(_: Any, /, token: str) -> Any:
    """Return a payment method of a test card; None if it isn't one."""
    if token not in CARDS:
        return None
    return resources.PaymentMethod(
        type="card", card={"number": CARDS[token], "exp_month": "12", "exp_year": "2034", "cvc": "123"}
    )


def say_ready(_: object) -> None:
    """Say that requests are answered from now on."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()


_create_payment = resources.PaymentIntent._api_create
_make_refund = resources.Refund.__init__


def main() -> None:
    """Serve until SIGTERM."""
    resources.Store.dump_to_disk = lambda _: None
    resources.Refund.__init__ = refund_what_is_left
    resources.PaymentIntent._api_create = classmethod(create_payment)
    resources.PaymentMethod._try_get_canonical_test_article = classmethod(find_test_card)
    for cls in (resources.PaymentIntent, resources.BalanceTransaction):
        cls._api_list_all = classmethod(list_of_time)
    capture = ("POST", "/v1/payment_intents/{id}/capture", capture_payment)
    resources.extra_apis[:] = [capture if each[1] == capture[1] else each for each in resources.extra_apis]
    # It takes its routes from there when it is imported.
    app = import_module("localstripe.server").app
    app.middlewares.insert(0, answer_once)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=say_ready)


if __name__ == "__main__":
    main()
