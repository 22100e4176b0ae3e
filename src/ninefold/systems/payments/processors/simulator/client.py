"""The processor `simulator`, as the port has it: calls the process over its Unix socket."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal

import httpx
import msgspec

from ninefold.core.processes import ProcessAddress
from ninefold.systems.payments.errors import ProcessorUnavailableError, WebhookRefusedError
from ninefold.systems.payments.model.outcomes import (
    Approved,
    Declined,
    Found,
    NeedsAction,
    NotFound,
    NotSent,
    Outcome,
    ProcessorEvent,
    SettlementLine,
    Unknown,
)
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from ninefold.systems.payments.processors.simulator.process import BASE_URL
from ninefold.systems.payments.processors.simulator.signing import SIGNATURE_HEADER, is_signed

START_WITHIN_S: Final = 10.0
"""How long the process may take to start."""

CONNECTIONS_MAX: Final = 100

_OK: Final = 200
_NOT_FOUND: Final = 404

_outcome: Final = msgspec.json.Decoder(Approved | Declined | NeedsAction)
_event: Final = msgspec.json.Decoder(ProcessorEvent)
_lines: Final = msgspec.json.Decoder(list[SettlementLine])


class Simulator:
    """Calls the simulated processor.

    Args:
        address: where its process is.
        timeout_s: how long it has to answer.
        webhook_url: where it sends webhooks; None if it sends none.
    """

    def __init__(self, address: ProcessAddress, *, timeout_s: float, webhook_url: str | None) -> None:
        self._address: Final = address
        self._webhook_url: Final = webhook_url
        self._client: Final = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(address.ready_socket),
                verify=False,
                limits=httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX),
            ),
            base_url=BASE_URL,
            timeout=timeout_s,
        )

    async def authorise(self, call: AuthoriseCall) -> Outcome:
        """Reserve funds, and capture them at once if the call says so."""
        return await self._call("authorise", msgspec.structs.asdict(call))

    async def capture(self, call: FollowUpCall) -> Outcome:
        """Capture what was authorised, or a part of it."""
        return await self._call("capture", msgspec.structs.asdict(call))

    async def cancel(self, call: FollowUpCall) -> Outcome:
        """Release what was authorised."""
        return await self._call("cancel", msgspec.structs.asdict(call))

    async def refund(self, call: FollowUpCall) -> Outcome:
        """Return what was captured, or a part of it."""
        return await self._call("refund", msgspec.structs.asdict(call))

    async def inquire(self, call: InquiryCall) -> Found:
        """Return what became of a call."""
        if not await self._is_ready():
            return Unknown(reason="The simulated processor isn't running.")
        try:
            response = await self._client.get(f"/calls/{call.our_reference}")
        except httpx.HTTPError as error:
            return Unknown(reason=_describe(error))
        if response.status_code == _NOT_FOUND:
            return NotFound()
        return _read_outcome(response)

    async def settlement_report(self, day: date) -> Sequence[SettlementLine]:
        """Return what is settled for a day, in UTC.

        Raises:
            ProcessorUnavailableError: it can't be read now.
        """
        if not await self._is_ready():
            raise _not_running()
        try:
            response = await self._client.get(f"/settlement/{day.isoformat()}")
        except httpx.HTTPError as error:
            raise ProcessorUnavailableError(_describe(error), remedy="Try again later.") from error
        if response.status_code != _OK:
            raise ProcessorUnavailableError("The settlement report can't be read.", remedy="Try again later.")
        return _lines.decode(response.content)

    async def authenticate(self, reference: str, *, is_passed: bool) -> Approved | Declined | NeedsAction | None:
        """Let the customer pass or fail the authentication; return the outcome, or None if nothing waits for it.

        Raises:
            ProcessorUnavailableError: the process doesn't answer.
        """
        if not await self._is_ready():
            raise _not_running()
        try:
            response = await self._client.post(f"/authentications/{reference}", json={"is_passed": is_passed})
        except httpx.HTTPError as error:
            raise ProcessorUnavailableError(_describe(error), remedy="Try again later.") from error
        return _outcome.decode(response.content) if response.status_code == _OK else None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProcessorEvent | None:
        """Return what a webhook says.

        Raises:
            WebhookRefusedError: the simulated processor hasn't signed it.
        """
        if not is_signed(body, headers.get(SIGNATURE_HEADER, "")):
            raise WebhookRefusedError("The webhook isn't signed by the simulated processor.")
        try:
            return _event.decode(body)
        except msgspec.MsgspecError as error:
            raise WebhookRefusedError(f"The webhook can't be read: {error}.") from error

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _call(
        self, operation: Literal["authorise", "capture", "cancel", "refund"], body: dict[str, Any]
    ) -> Outcome:
        if not await self._is_ready():
            return NotSent(reason="The simulated processor isn't running.")
        content = msgspec.json.encode({**body, "operation": operation, "webhook_url": self._webhook_url})
        try:
            response = await self._client.post("/calls", content=content)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return NotSent(reason=_describe(error))
        except httpx.HTTPError as error:
            # Something may have been received.
            return Unknown(reason=_describe(error))
        return _read_outcome(response)

    async def _is_ready(self) -> bool:
        """Return whether the process has its socket; have it started if it hasn't."""
        if self._address.ready_socket.exists():
            return True
        deadline = time.monotonic() + START_WITHIN_S
        while self._address.request_start() and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
            if self._address.ready_socket.exists():
                return True
        return False


def _read_outcome(response: httpx.Response) -> Approved | Declined | NeedsAction | Unknown:
    if response.status_code != _OK:
        return Unknown(reason=f"The simulated processor has answered with the status {response.status_code}.")
    try:
        found: Approved | Declined | NeedsAction = _outcome.decode(response.content)
    except msgspec.MsgspecError as error:
        return Unknown(reason=f"The answer can't be read: {error}.")
    return found


def _not_running() -> ProcessorUnavailableError:
    return ProcessorUnavailableError(
        "The simulated processor isn't running.",
        remedy="`ninefold up` starts it; without it, run `ninefold process payments.simulator`.",
    )


def _describe(error: httpx.HTTPError) -> str:
    """Return in plain words why no answer came; the names of the client's errors say nothing to people."""
    match error:
        case httpx.TimeoutException():
            return "No answer came within the time limit."
        case httpx.ConnectError():
            return "No connection could be opened."
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.CloseError():
            return "The connection ended before an answer came."
        case httpx.WriteError():
            return "The connection ended while the request was sent."
        case _:
            return f"No answer came: {error}." if str(error) else "No answer came."
