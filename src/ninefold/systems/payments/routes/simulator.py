"""What the simulated processor and its customers call: webhooks, and the page on which a customer authenticates."""

from typing import Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.web.bodies import FormRequest, FromBody, RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.processors.simulator.client import Simulator
from ninefold.systems.payments.routes.authentication_page import (
    show_ended,
    show_missing,
    show_page_error,
    show_question,
    show_thanks,
)
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.returning import PaymentOfPage, find_payment_of_page
from ninefold.systems.payments.service.webhooks import apply_event

_PATH: Final = "/processors/simulator"
_PAGES: Final = f"{_PATH}/authentications"


class AuthenticationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer does."""

    result: Literal["pass", "fail"]


def simulator_surfaces(database: Database, flow: PaymentFlow, simulator: Simulator) -> list[Surface]:
    """Return the surfaces of the simulated processor."""

    async def find(reference: str, payment: str | None) -> PaymentOfPage | None:
        return await find_payment_of_page(database, payment, action_url=f"{_PAGES}/{reference}")

    @post(f"{_PATH}/webhooks", status_code=200)
    async def receive_webhook(request: RawRequest) -> dict[str, bool]:
        event = simulator.read_webhook(request.headers, await request.body())
        is_known = event is not None and await apply_event(database, flow, event)
        return {"ok": is_known}

    @get(f"{_PAGES}/{{reference:str}}")
    async def show_authentication(reference: FromPath[str], payment: FromQuery[str | None] = None) -> Response[str]:
        found = await find(reference, payment)
        if found is None:
            return show_missing()
        return show_ended(found) if found.waiting is None else show_question(found)

    @post(f"{_PAGES}/{{reference:str}}", status_code=200)
    async def end_authentication(
        reference: FromPath[str], data: FromBody[AuthenticationResult], payment: FromQuery[str | None] = None
    ) -> Response[str]:
        found = await find(reference, payment)
        if found is None:
            return show_missing()
        if found.waiting is None:
            return show_ended(found)
        outcome = await simulator.authenticate(reference, is_passed=data.result == "pass")
        if outcome is None:
            # The customer has clicked twice, and the first click is not recorded yet.
            return show_ended(await find(reference, payment) or found)
        # The webhook says the same; but the shop asks as soon as its customer is back.
        await flow.record(found.waiting, outcome)
        is_passed = isinstance(outcome, Approved)
        address = found.address_of_shop(is_passed=is_passed)
        if address is not None:
            return Response("", status_code=303, headers={"Location": address})
        return show_thanks(found, is_passed=is_passed)

    return [
        Surface(path=f"{_PATH}/webhooks", routes=[receive_webhook], request_class=RawRequest),
        Surface(
            path=_PAGES,
            routes=[show_authentication, end_authentication],
            request_class=FormRequest,
            show_error=show_page_error,
        ),
    ]
