"""One attempt: the request as Standard Webhooks 1.0 wants it, signed now, and what came of it.

This is the path that every delivery takes, so it does without a task where it can: a `Parcel` itself is what an idle
connection reports the response to. Only where a connection has to be opened first does a task wait for that.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final, TypeAlias
from uuid import UUID

import msgspec
import structlog

from ninefold import __version__
from ninefold.core.clock import Clock
from ninefold.core.egress import (
    STALE_WITHIN_S,
    EgressClient,
    EgressError,
    EgressResponse,
    InvalidTargetError,
    StaleConnectionError,
    parse_target,
)
from ninefold.core.ids import format_id
from ninefold.systems.webhooks.model import EVENT_PREFIX, Attempt, Recipient
from ninefold.systems.webhooks.rules.retries import is_success, parse_retry_after
from ninefold.systems.webhooks.rules.signing import active_keys, sign, signed_content

USER_AGENT: Final = f"Ninefold/{__version__}"
TARGETS_CACHED_MAX: Final = 10_000

log = structlog.get_logger(__name__)

_find_target = lru_cache(TARGETS_CACHED_MAX)(parse_target)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every delivery of an event has in common."""

    event_id: UUID
    webhook_id: bytes
    common_head: bytes
    payload: bytes


def make_message(event_id: UUID, payload: bytes) -> Message:
    """Prepare what every delivery of an event has in common."""
    webhook_id = format_id(EVENT_PREFIX, event_id).encode("ascii")
    return Message(
        event_id=event_id,
        webhook_id=webhook_id,
        common_head=b"content-type: application/json\r\nuser-agent: %b\r\nwebhook-id: %b\r\nx-webhook-id: %b\r\n"
        % (USER_AGENT.encode("ascii"), webhook_id, webhook_id),
        payload=payload,
    )


class Parcel:
    """One attempt under way: what is sent to whom, and who hears what came of it.

    It is the `ResponseHandler` of the connection that carries it.

    Args:
        message: what is sent.
        recipient: to whom.
        delivery_id: of the delivery.
        organisation_id: whose it is.
        attempt_number: which attempt of the delivery this is, from 1.
        round_attempt_count: which attempt of its round this is, from 1.
        round_started_at: when its round began.
        on_end: called once, with the parcel, the attempt, and the seconds that the receiver asked to wait before the
            next, where it did.
    """

    __slots__ = (
        "attempt_number",
        "attempted_at",
        "courier",
        "delivery_id",
        "message",
        "on_end",
        "organisation_id",
        "recipient",
        "round_attempt_count",
        "round_started_at",
        "started_at_s",
    )

    attempted_at: datetime
    started_at_s: float
    courier: "Courier"

    def __init__(
        self,
        *,
        message: Message,
        recipient: Recipient,
        delivery_id: UUID,
        organisation_id: UUID,
        attempt_number: int,
        round_attempt_count: int,
        round_started_at: datetime,
        on_end: "OnEnd",
    ) -> None:
        self.message = message
        self.recipient = recipient
        self.delivery_id = delivery_id
        self.organisation_id = organisation_id
        self.attempt_number = attempt_number
        self.round_attempt_count = round_attempt_count
        self.round_started_at = round_started_at
        self.on_end = on_end

    def on_response(self, response: EgressResponse, /) -> None:
        """End the attempt with a response."""
        self.courier.end(self, response=response)

    def on_error(self, error: EgressError, /) -> None:
        """End the attempt with an error, or send the request again if the connection was stale."""
        spent_s = time.perf_counter() - self.started_at_s
        is_stale = isinstance(error, StaleConnectionError) and spent_s <= STALE_WITHIN_S
        if is_stale and not self.courier.is_closed:
            self.courier.send_afresh(self, spent_s=spent_s)
        else:
            self.courier.end(self, error_class=error.error_class, error_detail=str(error))


OnEnd: TypeAlias = Callable[[Parcel, Attempt, float | None], None]

_Send: TypeAlias = Callable[[], Awaitable[EgressResponse]]


class Courier:
    """Carries parcels to their recipients, once each."""

    def __init__(self, egress: EgressClient, clock: Clock, *, timeout_s: float, response_body_kept_bytes: int) -> None:
        self._egress = egress
        self._clock = clock
        self._timeout_s = timeout_s
        self._body_kept = response_body_kept_bytes
        self._waiting: set[asyncio.Task[None]] = set()
        self.is_closed = False

    def send(self, parcels: Sequence[Parcel]) -> None:
        """Begin attempts: sign each message with every active secret, then send them all.

        Each parcel's `on_end` is called later.
        """
        for parcel, head in zip(parcels, self._sign(parcels, attempted_at=self._clock.now()), strict=True):
            parcel.started_at_s = time.perf_counter()
            try:
                target = _find_target(parcel.recipient.url)
            except InvalidTargetError as error:
                # Possible only where the rules for URLs have become stricter than they were.
                self._end_soon(parcel, error_class=error.code, error_detail=str(error))
                continue
            is_sent = self._egress.post_at_once(
                target, head=head, body=parcel.message.payload, timeout_s=self._timeout_s, handler=parcel
            )
            if not is_sent:
                send = partial(
                    self._egress.post, target, head=head, body=parcel.message.payload, timeout_s=self._timeout_s
                )
                self._begin_patiently(parcel, send)

    def send_afresh(self, parcel: Parcel, *, spent_s: float) -> None:
        """Send the same request once more, in the same attempt, over a connection that nobody has used yet.

        Args:
            parcel: what a kept connection, which had ended unnoticed, didn't carry.
            spent_s: how much of the attempt's time has gone by.
        """
        [head] = self._sign([parcel], attempted_at=parcel.attempted_at)
        send = partial(
            self._egress.post_over_new_connection,
            _find_target(parcel.recipient.url),
            head=head,
            body=parcel.message.payload,
            timeout_s=self._timeout_s,
            spent_s=spent_s,
        )
        self._begin_patiently(parcel, send)

    def end(
        self,
        parcel: Parcel,
        *,
        response: EgressResponse | None = None,
        error_class: str | None = None,
        error_detail: str | None = None,
    ) -> None:
        """Take what came of an attempt: a response, or an error. After `close`, it is forgotten."""
        if self.is_closed:
            return
        duration_s = time.perf_counter() - parcel.started_at_s
        retry_after_s: float | None = None
        if response is not None and not is_success(response.status):
            error_class, error_detail = "unsuccessful_status", f"The receiver answered {response.status}."
            retry_after_s = parse_retry_after(
                response.header(b"retry-after"), now=parcel.attempted_at + timedelta(seconds=duration_s)
            )
        body = None if response is None else response.body
        attempt = Attempt(
            attempt_number=parcel.attempt_number,
            attempted_at=parcel.attempted_at,
            duration_ms=duration_s * 1000,
            response_status=None if response is None else response.status,
            response_body=None if body is None else body[: self._body_kept],
            is_response_body_truncated=response is not None
            and (response.is_body_truncated or len(response.body) > self._body_kept),
            error_class=error_class,
            # It may quote what a receiver sent, and PostgreSQL's text has no NUL.
            error_detail=error_detail and error_detail.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        )
        parcel.on_end(parcel, attempt, retry_after_s)

    def close(self) -> None:
        """Forget every attempt that is under way: whoever takes over makes it anew."""
        self.is_closed = True
        for task in self._waiting:
            task.cancel()

    def _sign(self, parcels: Sequence[Parcel], *, attempted_at: datetime) -> list[bytes]:
        """Return the head of each request, all signed at one moment; what one event's have in common is made once."""
        timestamp = b"%d" % attempted_at.timestamp()
        heads: list[bytes] = []
        message: Message | None = None
        content = common_head = b""
        for parcel in parcels:
            if parcel.message is not message:
                message = parcel.message
                content = signed_content(message_id=message.webhook_id, timestamp=timestamp, payload=message.payload)
                common_head = b"%bwebhook-timestamp: %b\r\n" % (message.common_head, timestamp)
            parcel.courier = self
            parcel.attempted_at = attempted_at
            signature = sign(active_keys(parcel.recipient.secrets, now=attempted_at), content)
            heads.append(b"%bwebhook-signature: %b\r\n" % (common_head, signature))
        return heads

    def _end_soon(self, parcel: Parcel, *, error_class: str, error_detail: str) -> None:
        end = partial(self.end, parcel, error_class=error_class, error_detail=error_detail)
        asyncio.get_running_loop().call_soon(end)

    def _begin_patiently(self, parcel: Parcel, send: _Send) -> None:
        task = asyncio.get_running_loop().create_task(self._send_patiently(parcel, send))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _send_patiently(self, parcel: Parcel, send: _Send) -> None:
        """Send over a connection that has to be opened first, or waited for."""
        try:
            response = await send()
        except EgressError as error:
            self.end(parcel, error_class=error.error_class, error_detail=str(error))
        except Exception:
            # A bug of ours: it is seen as a failed attempt and in the log, and holds nothing back.
            log.exception("webhooks.attempt.crashed")
            self.end(parcel, error_class="internal_error", error_detail="Ninefold failed to send the request.")
        else:
            self.end(parcel, response=response)
