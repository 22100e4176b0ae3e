"""A merchant that takes payments, and the simulated processor in the test's own process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec

from http_api import Api, Json
from ninefold.core.clock import SystemClock
from ninefold.core.postgres.database import Database
from ninefold.core.processes import ProcessFolder
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.model.outcomes import (
    Found,
    NotFound,
    Outcome,
    ProcessorEvent,
    SettlementLine,
    Unknown,
)
from ninefold.systems.payments.model.payments import NewIntent
from ninefold.systems.payments.processors.opening import open_processors
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from ninefold.systems.payments.processors.simulator.bank import CallBody, SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Book
from ninefold.systems.payments.processors.simulator.process import SIMULATOR_PROCESS, serving
from ninefold.systems.payments.processors.simulator.script import Chances
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.settings import PaymentsSettings, read_payments_settings

AMOUNT = 2_000


class Till(NamedTuple):
    """What takes payments of a merchant, without HTTP."""

    database: Database
    flow: PaymentFlow
    merchant: Merchant

    async def pay(self, token: str = "pm_card_visa", *, capture: str = "automatic", amount: int = AMOUNT) -> Any:
        """Create and confirm a payment; return what was done."""
        new = NewIntent(amount=amount, currency="usd", capture_method=capture)  # type: ignore[arg-type]
        return await self.flow.create(self.merchant, new, payment_method=token, confirm=True)


@asynccontextmanager
async def simulator_running(data_dir: Path, environment: Mapping[str, str]) -> AsyncIterator[None]:
    """Serve the simulated processor where the application with this data folder looks for it."""
    folder = ProcessFolder.of(data_dir)
    folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = read_payments_settings(environment)
    async with serving(folder.address(SIMULATOR_PROCESS), settings, data_dir=data_dir):
        yield


async def open_till(
    database: Database, data_dir: Path, settings: PaymentsSettings, *, changes: MerchantChanges | None = None
) -> Till:
    """Create an organisation with a merchant, whose payments the simulated processor gets."""
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        created = await create_merchant(
            connection,
            organisation_id=organisation.organisation_id,
            name="Bakery",
            changes=changes or MerchantChanges(),
            at=SystemClock().now(),
        )
    processors = open_processors(settings, ProcessFolder.of(data_dir))
    return Till(database, PaymentFlow(database, processors, settings, SystemClock()), created.merchant)


class DirectSimulator:
    """The simulated processor without a process: what would get lost on the way has an unknown outcome."""

    def __init__(self, chances: Chances = Chances()) -> None:  # noqa: B008  # it is frozen.
        self.bank = SimulatedProcessor(Book(":memory:"), chances)

    async def authorise(self, call: AuthoriseCall) -> Outcome:
        return self._call(CallBody(operation="authorise", **msgspec.structs.asdict(call)))

    async def capture(self, call: FollowUpCall) -> Outcome:
        return self._call(CallBody(operation="capture", **msgspec.structs.asdict(call)))

    async def cancel(self, call: FollowUpCall) -> Outcome:
        return self._call(CallBody(operation="cancel", **msgspec.structs.asdict(call)))

    async def refund(self, call: FollowUpCall) -> Outcome:
        return self._call(CallBody(operation="refund", **msgspec.structs.asdict(call)))

    async def inquire(self, call: InquiryCall) -> Found:
        found = self.bank.find(call.our_reference)
        if found is None:
            return NotFound()
        origin = self.bank.find_origin(found)
        return found.outcome if self.bank.behaviour_of(origin).answers_inquiries else Unknown(reason="No answer.")

    async def settlement_report(self, day: date) -> list[SettlementLine]:
        return self.bank.settle(day)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProcessorEvent | None:
        del headers, body
        return None

    async def close(self) -> None:
        return

    def _call(self, body: CallBody) -> Outcome:
        behaviour = self.bank.behaviour_for(body)
        lost = behaviour.lost if body.operation in behaviour.lost_of else "nothing"
        if lost == "request":
            return Unknown(reason="The call got lost.")
        call = self.bank.receive(body)
        return Unknown(reason="The answer got lost.") if lost == "answer" else call.outcome


class Shop:
    """A merchant that uses Stripe's API with its secret key."""

    def __init__(self, http: httpx.AsyncClient, merchant: Json) -> None:
        self.http = http
        self.merchant = merchant

    async def call(self, method: str, path: str, **form: Any) -> httpx.Response:
        """Send a request to Stripe's API."""
        return await self.http.request(
            method,
            f"/stripe/v1{path}",
            data=form or None,
            headers={"Authorization": f"Bearer {self.merchant['secret_key']}"},
        )

    async def pay(self, token: str = "pm_card_visa", *, amount: int = AMOUNT, **form: Any) -> Json:
        """Create and confirm a payment."""
        answer = await self.call(
            "POST",
            "/payment_intents",
            amount=str(amount),
            currency="usd",
            payment_method=token,
            confirm="true",
            **form,
        )
        found: Json = answer.json()
        return found


async def open_shop(api: Api, name: str = "Bakery") -> Shop:
    """Create a merchant."""
    return Shop(api.http, await api.done("POST", "/payments/merchants", json={"name": name}))
