"""Makes one attempt: signs the request, sends it as Standard Webhooks 1.0 specifies, and reports the result.

Every delivery takes this path, so it avoids a task per attempt where possible: an idle connection passes the response
directly to the `AttemptRequest`. A task is only needed to wait for a new connection.

In both cases the result of an attempt goes through `Sender.complete` to the sender's `on_attempt_end`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Final, TypeAlias
from uuid import UUID

import structlog

from ninefold.core.clock import Clock
from ninefold.core.egress import (
    EgressClient,
    EgressError,
    EgressResponse,
    EgressTimings,
    InvalidTargetError,
    parse_target,
)
from ninefold.systems.webhooks.jobs.attempt_request import AttemptRequest
from ninefold.systems.webhooks.jobs.message import Message
from ninefold.systems.webhooks.jobs.verdict import ABORTED
from ninefold.systems.webhooks.model.attempts import Attempt, AttemptTimings
from ninefold.systems.webhooks.rules.redirects import is_redirect, resolve_location
from ninefold.systems.webhooks.rules.retries import is_success, parse_retry_after
from ninefold.systems.webhooks.rules.signing import active_keys, sign, sign_as_stripe, signed_content

TARGETS_CACHED_MAX: Final = 10_000


_ABORTED_DETAIL: Final = (
    "The subscription was paused or deleted during the attempt; the receiver may have received the request."
)

_BROKEN_DETAIL: Final = (
    "The subscription's signing secret can't be opened, because its row in the database was changed. Rotate the secret."
)

log = structlog.get_logger(__name__)

_find_target = lru_cache(TARGETS_CACHED_MAX)(parse_target)


OnAttemptEnd: TypeAlias = Callable[[AttemptRequest, Attempt, float | None], None]
"""Takes a request, its attempt, and the seconds to wait that the receiver asked for with Retry-After, or None."""

_Send: TypeAlias = Callable[[], Awaitable[EgressResponse]]


class Sender:
    """Sends requests to their recipients, and reports the result of each.

    Args:
        egress: the client that sends the requests.
        clock: the source of the attempts' times.
        on_attempt_end: called once for each request that was sent, unless the sender is closed first.
        timeout_s: the time limit of an attempt.
        response_body_kept_bytes: how many bytes of a response's body are kept with its attempt.
    """

    def __init__(
        self,
        egress: EgressClient,
        clock: Clock,
        *,
        on_attempt_end: OnAttemptEnd,
        timeout_s: float,
        response_body_kept_bytes: int,
    ) -> None:
        self._egress = egress
        self._clock = clock
        self._on_attempt_end = on_attempt_end
        self._timeout_s = timeout_s
        self._body_kept_bytes = response_body_kept_bytes
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[AttemptRequest] = set()
        self.is_closed = False

    def send(self, requests: Sequence[AttemptRequest]) -> None:
        """Start attempts: sign each message with every active secret, then send them all."""
        attempted_at = self._clock.now()
        for request, head in zip(requests, _sign(requests, attempted_at=attempted_at), strict=True):
            request.sender = self
            request.attempted_at = attempted_at
            request.started_at_s = time.perf_counter()
            self._in_flight.add(request)
            if not request.recipient.secrets:
                self._fail_soon(request, error_class="signing_secret_broken", error_detail=_BROKEN_DETAIL)
                continue
            try:
                target = _find_target(request.recipient.url)
            except InvalidTargetError as error:
                # Possible only if the rules for URLs have become stricter since the subscription was created.
                self._fail_soon(request, error_class=error.code, error_detail=str(error))
                continue
            request.connection = self._egress.post_at_once(
                target, head=head, body=request.message.payload, timeout_s=self._timeout_s, handler=request
            )
            if request.connection is None:
                send = partial(
                    self._egress.post, target, head=head, body=request.message.payload, timeout_s=self._timeout_s
                )
                self._send_in_task(request, send)

    def resend(self, request: AttemptRequest, *, spent_s: float) -> None:
        """Send the same request again over a new connection, as part of the same attempt.

        Args:
            request: a request whose kept-alive connection turned out to be closed.
            spent_s: how much of the attempt's time is used up.
        """
        [head] = _sign([request], attempted_at=request.attempted_at)
        send = partial(
            self._egress.post_over_new_connection,
            _find_target(request.recipient.url),
            head=head,
            body=request.message.payload,
            timeout_s=self._timeout_s,
            spent_s=spent_s,
        )
        self._send_in_task(request, send)

    def complete(
        self,
        request: AttemptRequest,
        *,
        response: EgressResponse | None = None,
        response_status: int | None = None,
        error_class: str | None = None,
        error_detail: str | None = None,
        timings: EgressTimings | None = None,
    ) -> None:
        """Report the result of an attempt: a response or an error. After `close` or the first result, do nothing.

        Args:
            request: what was sent.
            response: the response; None after an error.
            response_status: the status that arrived before an error.
            error_class: the kind of the error.
            error_detail: the error in one sentence.
            timings: the phases before an error.
        """
        if self.is_closed or request.is_done:
            return
        request.is_done = True
        self._in_flight.discard(request)
        duration_s = time.perf_counter() - request.started_at_s
        retry_after_s: float | None = None
        if response is not None and not is_success(response.status):
            error_class, error_detail = "unsuccessful_status", _explain_status(response, url=request.recipient.url)
            retry_after_s = parse_retry_after(
                response.header(b"retry-after"), now=request.attempted_at + timedelta(seconds=duration_s)
            )
        if response is not None:
            timings = response.timings
        body = None if response is None else response.body
        attempt = Attempt(
            attempt_number=request.attempt_number,
            attempted_at=request.attempted_at,
            duration_ms=duration_s * 1000,
            response_status=response_status if response is None else response.status,
            response_body=None if body is None else body[: self._body_kept_bytes],
            is_response_body_truncated=response is not None
            and (response.is_body_truncated or len(response.body) > self._body_kept_bytes),
            error_class=error_class,
            # It can quote what a receiver sent, and PostgreSQL's type text can't store NUL.
            error_detail=error_detail and error_detail.replace("\0", "\N{REPLACEMENT CHARACTER}"),
            url=request.recipient.url,
            timings=None if timings is None else _in_ms(timings),
        )
        self._on_attempt_end(request, attempt, retry_after_s)

    def fail(self, request: AttemptRequest, error: EgressError) -> None:
        """Report an attempt that got no response."""
        self.complete(
            request,
            response_status=error.status,
            error_class=error.error_class,
            error_detail=str(error),
            timings=error.timings,
        )

    def abort(self, subscription_ids: Collection[UUID]) -> None:
        """End the attempts in flight to these subscriptions, because they are paused or deleted."""
        for request in [each for each in self._in_flight if each.recipient.subscription_id in subscription_ids]:
            self.complete(request, error_class=ABORTED, error_detail=_ABORTED_DETAIL)
            if request.connection is not None:
                request.connection.abort()

    def close(self) -> None:
        """Abandon every attempt in flight. Other workers repeat them."""
        self.is_closed = True
        for task in self._tasks:
            task.cancel()

    def _fail_soon(self, request: AttemptRequest, *, error_class: str, error_detail: str) -> None:
        complete = partial(self.complete, request, error_class=error_class, error_detail=error_detail)
        asyncio.get_running_loop().call_soon(complete)

    def _send_in_task(self, request: AttemptRequest, send: _Send) -> None:
        """Send over a connection that must first be opened or waited for."""
        task = asyncio.get_running_loop().create_task(self._send_and_complete(request, send))
        request.connection = _Task(task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_and_complete(self, request: AttemptRequest, send: _Send) -> None:
        try:
            response = await send()
        except EgressError as error:
            self.fail(request, error)
        except Exception:
            # A bug in Ninefold. Record a failed attempt and log the error, so that the delivery isn't stuck.
            log.exception("webhooks.attempt.crashed")
            self.complete(request, error_class="internal_error", error_detail="Ninefold failed to send the request.")
        else:
            self.complete(request, response=response)


class _Task:
    """A task that carries a request."""

    __slots__ = ("_task",)

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task

    def abort(self) -> None:
        self._task.cancel()


def _in_ms(timings: EgressTimings) -> AttemptTimings:
    return AttemptTimings(
        lookup_ms=_ms(timings.lookup_s),
        connect_ms=_ms(timings.connect_s),
        tls_ms=_ms(timings.tls_s),
        send_ms=_ms(timings.send_s),
        wait_ms=_ms(timings.wait_s),
    )


def _ms(duration_s: float | None) -> float | None:
    return None if duration_s is None else duration_s * 1000


def _explain_status(response: EgressResponse, *, url: str) -> str:
    if is_redirect(response.status):
        location = resolve_location(response.header(b"location"), url=url)
        if location is not None:
            return f"The receiver redirects to {location}; change the subscription's URL."
    return f"The receiver answered {response.status}."


def _sign(requests: Sequence[AttemptRequest], *, attempted_at: datetime) -> list[bytes]:
    """Return the header fields of each request, all signed with the same timestamp.

    Consecutive requests of one event share the signed content.
    """
    timestamp = b"%d" % attempted_at.timestamp()
    heads: list[bytes] = []
    message: Message | None = None
    content = common_head = b""
    for request in requests:
        if request.message is not message:
            message = request.message
            content = signed_content(message_id=message.webhook_id, timestamp=timestamp, payload=message.payload)
            common_head = b"%bwebhook-timestamp: %b\r\n" % (message.common_head, timestamp)
        keys = active_keys(request.recipient.secrets, now=attempted_at)
        head = b"%bwebhook-signature: %b\r\n" % (common_head, sign(keys, content))
        if message.signature == "stripe":
            signature = sign_as_stripe(keys, timestamp=timestamp, payload=message.payload)
            head = b"%bstripe-signature: %b\r\n" % (head, signature)
        heads.append(head)
    return heads
