"""A server is killed while it pays, and Stripe's client repeats the request: the payment is made once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from http_api import Api
from in_process import create_key
from killable_servers import KillableServer
from ninefold.core.postgres.database import Database
from stripe_shops import AMOUNT, simulating

RETRIES = 10
"""Of Stripe's client: it waits half a second before the first one, and up to 5 s before the others."""

PAYMENT: Any = {"amount": AMOUNT, "currency": "usd", "payment_method": "pm_card_slow", "confirm": True}


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[KillableServer]:
    settings = {"NINEFOLD_DATA_DIR": str(tmp_path)}
    with simulating(settings):
        server = KillableServer(database_url, tmp_path / "log.ndjson", settings)
        await server.wait_until_ready()
        yield server
        server.close()


async def test_a_payment_under_way_is_made_once(server: KillableServer, database: Database) -> None:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        api = Api(http, await create_key(database, organisation="acme"))
        merchant = await api.done("POST", "/payments/merchants", json={"name": "Bakery"})
    client = stripe.StripeClient(
        merchant["secret_key"], base_addresses={"api": f"{server.url}/stripe"}, max_network_retries=RETRIES
    )
    paying = asyncio.create_task(asyncio.to_thread(client.v1.payment_intents.create, PAYMENT))
    await wait_for_call(database)

    server.kill()
    server.start()
    intent = await paying

    assert (intent.status, intent.amount_received) == ("succeeded", AMOUNT)
    response: Any = intent.last_response
    assert "Idempotency-Key" in response.headers
    (listed,) = (await asyncio.to_thread(client.v1.payment_intents.list)).data
    (charge,) = (await asyncio.to_thread(client.v1.charges.list)).data
    assert (listed.id, charge.id) == (intent.id, intent.latest_charge)
    balance = await asyncio.to_thread(client.v1.balance.retrieve)
    assert [each.amount for each in balance.pending] == [AMOUNT - 88]


async def wait_for_call(database: Database) -> None:
    """Wait until a call to the processor is committed, which takes two seconds."""
    async with asyncio.timeout(30):
        while True:
            async with database.connection() as connection:
                if await connection.fetchval("SELECT count(*) FROM payments.attempt WHERE state = 'intended'"):
                    return
            await asyncio.sleep(0.01)
