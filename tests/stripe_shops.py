"""Merchants that use Stripe's official client, unmodified."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import stripe

from http_api import Api, Json
from installations import STOP_WITHIN_S, clean_environment

AMOUNT = 2_000


class StripeShop:
    """A merchant with clients of its own.

    Args:
        url: the server's.
        api: a client of Ninefold's own API, with a key of the merchant's organisation.
        merchant: as it was created, with its keys.
    """

    def __init__(self, url: str, api: Api, merchant: Json) -> None:
        self.url = url
        self.api = api
        self.merchant = merchant
        self._http = stripe.HTTPXClient()
        self.client = self._client(merchant["secret_key"])
        self.public = self._client(merchant["publishable_key"])
        """What a customer's page can do."""

    @property
    def v1(self) -> Any:
        """Stripe's API, by the methods whose names end in `_async`."""
        return self.client.v1

    async def pay(self, token: str = "pm_card_visa", **fields: Any) -> Any:
        """Create and confirm a payment."""
        given = {"amount": AMOUNT, "currency": "usd", "payment_method": token, "confirm": True, **fields}
        return await self.v1.payment_intents.create_async(given)

    async def raw(self, method: str, path: str, **options: Any) -> Any:
        """Send a request as no client would; return the response."""
        headers = {"Authorization": f"Bearer {self.merchant['secret_key']}", **options.pop("headers", {})}
        return await self.api.http.request(method, f"/stripe/v1{path}", headers=headers, **options)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]  # Stripe's.

    def _client(self, key: str) -> stripe.StripeClient:
        return stripe.StripeClient(key, base_addresses={"api": f"{self.url}/stripe"}, http_client=self._http)


async def open_stripe_shop(api: Api, url: str, name: str = "Bakery") -> StripeShop:
    """Create a merchant."""
    return StripeShop(url, api, await api.done("POST", "/payments/merchants", json={"name": name}))


async def refused(request: Any, kind: type[stripe.StripeError] = stripe.InvalidRequestError) -> Any:
    """Wait for a request that fails; return Stripe's error object, with the `status` of the response."""
    with pytest.raises(kind) as caught:
        await request
    error = caught.value
    assert type(error) is kind
    body: Any = error.json_body
    return {**body["error"], "status": error.http_status}


@contextmanager
def simulating(settings: Mapping[str, str]) -> Iterator[None]:
    """Run the process of the simulated processor for servers with these settings."""
    command = [sys.executable, "-m", "ninefold", "process", "payments.simulator"]
    with subprocess.Popen(command, env=clean_environment(settings)) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_S)
