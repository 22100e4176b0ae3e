"""The HTTP API of the simulated processor, and the webhooks that it sends."""

import asyncio
from datetime import UTC, date, datetime
from typing import Final

import httpx
import msgspec
import structlog

from ninefold.core.ids import new_id
from ninefold.systems.payments.processors.simulator.bank import CallBody, SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Call
from ninefold.systems.payments.processors.simulator.http import Answer
from ninefold.systems.payments.processors.simulator.signing import SIGNATURE_HEADER, sign

WEBHOOK_ATTEMPTS_MAX: Final = 5
WEBHOOK_TIMEOUT_S: Final = 5.0

_OK: Final = 200

log = structlog.get_logger(__name__)

_body: Final = msgspec.json.Decoder(CallBody)


class AuthenticationBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a customer has passed the authentication."""

    is_passed: bool


class SimulatorServer:
    """Answers requests.

    Args:
        processor: decides calls.
        latency_ms: how long each answer takes, besides what a card asks for.
    """

    def __init__(self, processor: SimulatedProcessor, *, latency_ms: int) -> None:
        self._processor: Final = processor
        self._latency_ms: Final = latency_ms
        self._webhooks: Final[set[asyncio.Task[None]]] = set()
        self._client: Final = httpx.AsyncClient(timeout=WEBHOOK_TIMEOUT_S, verify=False, trust_env=False)  # noqa: S501 - loopback.

    async def close(self) -> None:
        """Stop sending webhooks."""
        for task in self._webhooks:
            task.cancel()
        await self._client.aclose()

    async def respond(self, method: str, path: str, body: bytes) -> Answer:
        """Answer one request."""
        try:
            return await self._respond(method, path, body)
        except (msgspec.MsgspecError, ValueError) as error:
            return Answer(400, msgspec.json.encode({"error": str(error)}))
        except Exception:
            log.exception("payments.simulator.request.failed", path=path)
            return Answer(500)

    async def _respond(self, method: str, path: str, body: bytes) -> Answer:
        match method, path.strip("/").split("/"):
            case "POST", ["calls"]:
                return await self._call(_body.decode(body))
            case "GET", ["calls", our_reference]:
                return self._inquire(our_reference)
            case "GET", ["settlement", day]:
                return Answer(_OK, msgspec.json.encode(self._processor.settle(date.fromisoformat(day))))
            case "POST", ["authentications", reference]:
                return self._authenticate(reference, msgspec.json.decode(body, type=AuthenticationBody))
            case "GET", ["health"]:
                return Answer(_OK)
        return Answer(404)

    async def _call(self, body: CallBody) -> Answer:
        behaviour = self._processor.behaviour_for(body)
        lost = behaviour.lost if body.operation in behaviour.lost_of else "nothing"
        if self._latency_ms or behaviour.latency_ms:
            await asyncio.sleep((self._latency_ms + behaviour.latency_ms) / 1_000)
        if lost == "request":
            return Answer(None)
        is_new = self._processor.find(body.our_reference) is None
        call = self._processor.receive(body)
        if is_new:
            self._announce(call)
        return Answer(None) if lost == "answer" else Answer(_OK, msgspec.json.encode(call.outcome))

    def _inquire(self, our_reference: str) -> Answer:
        call = self._processor.find(our_reference)
        if call is None:
            return Answer(404)
        if not self._processor.behaviour_of(self._processor.find_origin(call)).answers_inquiries:
            return Answer(500)
        return Answer(_OK, msgspec.json.encode(call.outcome))

    def _authenticate(self, reference: str, body: AuthenticationBody) -> Answer:
        call = self._processor.authenticate(reference, is_passed=body.is_passed)
        if call is None:
            return Answer(404)
        self._announce(call, count_min=1)
        return Answer(_OK, msgspec.json.encode(call.outcome))

    def _announce(self, call: Call, *, count_min: int = 0) -> None:
        behaviour = self._processor.behaviour_of(self._processor.find_origin(call))
        if call.webhook_url is None:
            return
        for _ in range(max(behaviour.webhook_count, count_min)):
            task = asyncio.create_task(self._send(call, call.webhook_url, delay_s=behaviour.webhook_delay_ms / 1_000))
            self._webhooks.add(task)
            task.add_done_callback(self._webhooks.discard)

    async def _send(self, call: Call, url: str, *, delay_s: float) -> None:
        content = msgspec.json.encode(
            {
                "event_id": f"simevt_{new_id().hex}",
                "our_reference": call.our_reference,
                "outcome": call.outcome,
                "at": datetime.now(UTC),
            }
        )
        headers = {"content-type": "application/json", SIGNATURE_HEADER: sign(content)}
        for attempt in range(WEBHOOK_ATTEMPTS_MAX):
            await asyncio.sleep(delay_s if attempt == 0 else 2.0**attempt)
            try:
                response = await self._client.post(url, content=content, headers=headers)
            except httpx.HTTPError as error:
                log.info("payments.simulator.webhook.failed", error=str(error))
                continue
            if response.is_success:
                return
        log.warning("payments.simulator.webhook.given_up", our_reference=call.our_reference)
