"""One attempt: the request as Standard Webhooks 1.0 wants it, signed now, and what came of it."""

import time
from datetime import timedelta
from functools import lru_cache
from typing import Final
from uuid import UUID

import msgspec

from ninefold import __version__
from ninefold.core.clock import Clock
from ninefold.core.egress import EgressClient, EgressError, EgressResponse, InvalidTargetError, parse_target
from ninefold.core.ids import format_id
from ninefold.systems.webhooks.model import EVENT_PREFIX, Attempt, Recipient
from ninefold.systems.webhooks.rules.retries import is_success, parse_retry_after
from ninefold.systems.webhooks.rules.signing import active_keys, sign

USER_AGENT: Final = f"Ninefold/{__version__}"
TARGETS_CACHED_MAX: Final = 10_000

_find_target = lru_cache(TARGETS_CACHED_MAX)(parse_target)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What every delivery of an event has in common."""

    event_id: UUID
    webhook_id: bytes
    common_head: bytes
    payload: bytes


def make_message(event_id: UUID, payload: bytes) -> Message:
    """Prepare what every delivery of an event has in common."""
    text = format_id(EVENT_PREFIX, event_id)
    common_head = (
        f"content-type: application/json\r\nuser-agent: {USER_AGENT}\r\nwebhook-id: {text}\r\nx-webhook-id: {text}\r\n"
    )
    return Message(
        event_id=event_id,
        webhook_id=text.encode("ascii"),
        common_head=common_head.encode("ascii"),
        payload=payload,
    )


class Courier:
    """Carries one message to one recipient, once."""

    def __init__(self, egress: EgressClient, clock: Clock, *, timeout_s: float, response_body_kept_bytes: int) -> None:
        self._egress = egress
        self._clock = clock
        self._timeout_s = timeout_s
        self._body_kept = response_body_kept_bytes

    async def attempt(
        self, message: Message, recipient: Recipient, *, attempt_number: int
    ) -> tuple[Attempt, float | None]:
        """Send the message, signed with every active secret.

        Returns:
            The attempt, and the seconds that the receiver asked to wait before the next, where it did.
        """
        attempted_at = self._clock.now()
        timestamp = b"%d" % attempted_at.timestamp()
        signature = sign(
            active_keys(recipient.secrets, now=attempted_at),
            message_id=message.webhook_id,
            timestamp=timestamp,
            payload=message.payload,
        )
        head = b"%bwebhook-timestamp: %b\r\nwebhook-signature: %b\r\n" % (
            message.common_head,
            timestamp,
            signature,
        )
        response: EgressResponse | None = None
        error_class: str | None = None
        error_detail: str | None = None
        started_at = time.perf_counter()
        try:
            response = await self._egress.post(
                _find_target(recipient.url), head=head, body=message.payload, timeout_s=self._timeout_s
            )
        except EgressError as error:
            error_class, error_detail = error.error_class, str(error)
        except InvalidTargetError as error:
            # Possible only where the rules for URLs have become stricter than they were.
            error_class, error_detail = error.code, str(error)
        duration_s = time.perf_counter() - started_at
        retry_after_s: float | None = None
        if response is not None and not is_success(response.status):
            error_class, error_detail = "unsuccessful_status", f"The receiver answered {response.status}."
            retry_after_s = parse_retry_after(
                response.header(b"retry-after"), now=attempted_at + timedelta(seconds=duration_s)
            )
        return (
            Attempt(
                attempt_number=attempt_number,
                attempted_at=attempted_at,
                duration_ms=duration_s * 1000,
                response_status=None if response is None else response.status,
                response_body=None if response is None else response.body[: self._body_kept],
                is_response_body_truncated=response is not None
                and (response.is_body_truncated or len(response.body) > self._body_kept),
                error_class=error_class,
                error_detail=error_detail,
            ),
            retry_after_s,
        )
