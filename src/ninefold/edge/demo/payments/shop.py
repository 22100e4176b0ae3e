"""A merchant's shop: it takes payments by Stripe's API, and finds out what has happened when it gets no answer."""

import asyncio
from typing import Any, Final

import httpx

from ninefold.edge.demo.payments.plan import Order

RETRY_S: Final = 0.2
ATTEMPTS_MAX: Final = 300

_DECLINED: Final = 402
_UNAVAILABLE: Final = 503


class ShopError(Exception):
    """A payment went otherwise than the shop expects."""


class Shop:
    """Takes the payments of one merchant.

    Args:
        http: a client that can be shared.
        url: of the server.
        secret_key: of the merchant.
    """

    def __init__(self, http: httpx.AsyncClient, url: str, *, secret_key: str) -> None:
        self._http: Final = http
        self._url: Final = f"{url}/stripe/v1"
        self._headers: Final = {"Authorization": f"Bearer {secret_key}"}

    async def take(self, order: Order) -> dict[str, Any]:
        """Create a payment and confirm it once; return it as it is then: perhaps `processing`, if it is in doubt."""
        form = {
            "amount": str(order.amount),
            "currency": "usd",
            "payment_method": order.token,
            "description": f"Order {order.number}",
        }
        # One that nobody confirms takes no money, so this may be sent twice.
        created = await self._send("POST", "/payment_intents", form)
        for _ in range(ATTEMPTS_MAX):
            await self._confirm(created["id"], order)
            # Whether there was an answer or not: the payment itself tells whether it was confirmed.
            payment = await self.read(created["id"])
            if payment["status"] != "requires_confirmation":
                return payment
            await asyncio.sleep(RETRY_S)
        raise ShopError(f"Order {order.number} was never answered.")

    async def read(self, payment_id: str) -> dict[str, Any]:
        """Return a payment."""
        return await self._send("GET", f"/payment_intents/{payment_id}")

    async def _confirm(self, payment_id: str, order: Order) -> None:
        url = f"{self._url}/payment_intents/{payment_id}/confirm"
        try:
            answer = await self._http.post(url, headers=self._headers)
        except httpx.TransportError:
            return
        if not answer.is_success and answer.status_code not in {_DECLINED, _UNAVAILABLE}:
            raise ShopError(f"Order {order.number}: {answer.status_code} {answer.text[:200]}")

    async def _send(self, method: str, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        for _ in range(ATTEMPTS_MAX):
            try:
                answer = await self._http.request(method, f"{self._url}{path}", data=form, headers=self._headers)
            except httpx.TransportError:
                await asyncio.sleep(RETRY_S)
                continue
            if answer.is_success:
                found: dict[str, Any] = answer.json()
                return found
            if answer.status_code != _UNAVAILABLE:
                raise ShopError(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
            await asyncio.sleep(RETRY_S)
        raise ShopError(f"{method} {path} was never answered.")
