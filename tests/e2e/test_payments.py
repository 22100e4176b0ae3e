"""All processes are killed while payments are made: each ends with the outcome that the processor has, and once."""

import asyncio
import json
import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import psutil

from http_api import Api, Json
from installations import Installation

SEED: Final = 20261127
PAYMENTS: Final = 40
CLIENTS: Final = 8
AMOUNT: Final = 2_000
ENDS_WITHIN_S: Final = 120.0
"""On a busy machine; otherwise, the whole test takes less than 30 s."""

TOKENS: Final = ["pm_card_visa"] * 6 + ["pm_card_chargeDeclined", "pm_card_lostAnswer", "pm_card_lostRequest"]
KILLED: Final = ("payments.simulator", "worker", "serve")
SETTINGS: Final = {
    "NINEFOLD_WORKERS": "1",
    "NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S": "1",
    # So that a kill hits calls that are on their way.
    "NINEFOLD_PAYMENTS_SIMULATOR_LATENCY_MS": "60",
}
STATES: Final = {
    "approved": {"succeeded"},
    "declined": {"requires_payment_method"},
    # The first, if the request was answered that nothing was sent.
    None: {"requires_confirmation", "requires_payment_method"},
}
"""How a payment can end, by what the processor has of it."""


async def test_every_payment_ends_as_the_processor_has_it_whatever_dies(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    async with Installation(tmp_path, settings=SETTINGS) as up, httpx.AsyncClient(base_url=up.url, timeout=20) as http:
        api = Api(http, next(line.strip() for line in up.output if line.startswith("  nfk_")))
        merchant = await api.done("POST", "/payments/merchants", json={"name": "Bakery"})
        tokens = iter([chance.choice(TOKENS) for _ in range(PAYMENTS)])
        answered: list[int] = []
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(take_payments(http, merchant["secret_key"], tokens, answered))
            for number, name in enumerate(KILLED, start=1):
                await wait_for(answered, number * PAYMENTS // (len(KILLED) + 2))
                kill(up, name)

        payments = await wait_for_the_end(api)

        booked = outcomes_of(tmp_path / "payments-simulator.sqlite")
        for each in payments:
            assert each["state"] in STATES[booked.get(each["attempts"][-1]["attempt_id"])], each["payment_id"]
        charged = AMOUNT * list(booked.values()).count("approved")
        accounts = {each["kind"]: each for each in (await api.get("/payments/accounts"))["items"]}
        assert (accounts["processor_receivable"]["balance"], accounts["processor_receivable"]["pending"]) == (
            charged,
            0,
        )
        assert charged > 0
        audit = await up.run("payments", "audit", "--api-key", api.api_key, "--json")
        assert (audit.exit_code, json.loads(audit.output)["faults"]) == (0, []), audit.errors


async def take_payments(http: httpx.AsyncClient, secret_key: str, tokens: Iterator[str], answered: list[int]) -> None:
    """Take a payment after the other; one whose request fails after it was sent isn't tried again."""
    headers = {"Authorization": f"Bearer {secret_key}"}
    for token in tokens:
        form = {"amount": str(AMOUNT), "currency": "usd", "payment_method": token, "confirm": "true"}
        while True:
            try:
                answer = await http.post("/stripe/v1/payment_intents", data=form, headers=headers)
            except httpx.ConnectError:
                await asyncio.sleep(0.1)
                continue
            except httpx.TransportError:
                break
            answered.append(answer.status_code)
            break


async def wait_for(answered: list[int], count: int) -> None:
    """Wait until so many payments were answered."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while len(answered) < count:
            await asyncio.sleep(0.02)


def kill(up: Installation, name: str) -> None:
    """Kill a process of the installation, with those that it has started."""
    process = up.child(name)
    for each in [*process.children(recursive=True), process]:
        try:
            each.kill()
        except psutil.NoSuchProcess:
            continue


async def wait_for_the_end(api: Api) -> list[Json]:
    """Return all payments with their attempts, once none is under way or in doubt."""
    async with asyncio.timeout(ENDS_WITHIN_S):
        while True:
            try:
                found = [each for page in await api.walk("/payments/intents", limit=100) for each in page]
            except httpx.TransportError:
                found = []
            if found and not {each["state"] for each in found} & {"processing", "in_doubt"}:
                return [await api.get(f"/payments/intents/{each['payment_id']}") for each in found]
            await asyncio.sleep(0.5)


def outcomes_of(book: Path) -> dict[str, str]:
    """Return what the simulated processor has decided, by our reference."""
    with sqlite3.connect(book) as database:
        rows = database.execute("SELECT our_reference, outcome FROM call").fetchall()
    database.close()
    return {reference: json.loads(outcome)["type"] for reference, outcome in rows}
