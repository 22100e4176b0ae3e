"""What the simulated processor and its customers call: webhooks, and the page on which a customer authenticates."""

from html import escape
from typing import Final, Literal

import msgspec
from litestar import MediaType, Response, get, post
from litestar.params import FromPath, FromQuery

from ninefold.core.postgres.database import Database
from ninefold.core.web.bodies import FormRequest, FromBody, RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.payments.errors import PaymentNotFoundError
from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.processors.simulator.client import Simulator
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.returning import find_waiting_payment
from ninefold.systems.payments.service.webhooks import apply_event

_PATH: Final = "/processors/simulator"

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Authenticate</title>
<body style="font: 16px system-ui; max-width: 30rem; margin: 4rem auto; padding: 0 1rem">
<h1 style="font-size: 1.25rem">{title}</h1>
<p>{text}</p>
{form}
"""
_FORM: Final = """\
<form method="post">
<button name="result" value="pass">Complete</button>
<button name="result" value="fail">Fail</button>
</form>
"""


class AuthenticationResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer does."""

    result: Literal["pass", "fail"]


def simulator_surfaces(database: Database, flow: PaymentFlow, simulator: Simulator) -> list[Surface]:
    """Return the surfaces of the simulated processor."""

    @post(f"{_PATH}/webhooks", status_code=200)
    async def receive_webhook(request: RawRequest) -> dict[str, bool]:
        event = simulator.read_webhook(request.headers, await request.body())
        is_known = event is not None and await apply_event(database, flow, event)
        return {"ok": is_known}

    @get(f"{_PATH}/authentications/{{reference:str}}")
    async def show_authentication(reference: FromPath[str]) -> Response[str]:
        text = f"The simulated bank asks you to confirm the payment {escape(reference[:60])}."
        return _page("Confirm the payment", text, form=_FORM)

    @post(f"{_PATH}/authentications/{{reference:str}}", status_code=200)
    async def end_authentication(
        reference: FromPath[str], data: FromBody[AuthenticationResult], payment: FromQuery[str | None] = None
    ) -> Response[str]:
        waiting = await find_waiting_payment(database, payment, action_url=f"{_PATH}/authentications/{reference}")
        outcome = await simulator.authenticate(reference, is_passed=data.result == "pass")
        if outcome is None:
            raise PaymentNotFoundError("Nothing waits for this authentication.", remedy="Confirm the payment again.")
        if waiting is not None:
            # The webhook says the same; but the shop asks as soon as its customer is back.
            await flow.record(waiting.attempt, outcome)
            address = waiting.address_of_shop(is_passed=isinstance(outcome, Approved))
            if address is not None:
                return Response("", status_code=303, headers={"Location": address})
        return _page("Thank you", "You can close this page.", form="")

    return [
        Surface(path=f"{_PATH}/webhooks", routes=[receive_webhook], request_class=RawRequest),
        Surface(
            path=f"{_PATH}/authentications",
            routes=[show_authentication, end_authentication],
            request_class=FormRequest,
        ),
    ]


def _page(title: str, text: str, *, form: str) -> Response[str]:
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}
    return Response(_PAGE.format(title=title, text=text, form=form), media_type=MediaType.HTML, headers=headers)
