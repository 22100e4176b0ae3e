"""The worker's task that tells apps at their request URLs what happens (Slack's Events API).

Each request is signed as Slack signs it. What the app answers to a command or a submission is done at once.
"""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
import structlog

from ninefold.core.egress import (
    ConnectTimeoutError,
    EgressError,
    EgressResponse,
    ResponseTimeoutError,
    TlsFailedError,
    parse_target,
)
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.secrets import SecretsKeyMissingError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.messaging.model import APP_EVENTS_CHANNEL, App, AppEvent
from ninefold.systems.messaging.rules.app_events import ACK_WITHIN
from ninefold.systems.messaging.service.apps.delivery import (
    acknowledge,
    claim_for_worker,
    forget,
    record_failure,
    record_verified,
)
from ninefold.systems.messaging.service.apps.registry import find_app
from ninefold.systems.messaging.service.apps.signing_secrets import open_signing_secret
from ninefold.systems.messaging.slack.events.payloads import PayloadShower

POLL_INTERVAL_S: Final = 0.5
IN_FLIGHT_MAX: Final = 100
IN_FLIGHT_OF_APP_MAX: Final = 10
"""Requests at once, in one process; what one app doesn't answer delays no other app."""

ANSWER_BYTES_MAX: Final = 512 * 1024

SIGNING_SECRET_BROKEN: Final = "signing_secret_broken"  # noqa: S105 - why an attempt has failed.
"""Why nothing was sent: it would have had no signature."""

_OK: Final = range(200, 300)
_SLACKS_WORDS: Final[Sequence[tuple[type[EgressError], str]]] = (
    (ResponseTimeoutError, "http_timeout"),
    (ConnectTimeoutError, "http_timeout"),
    (TlsFailedError, "ssl_error"),
)
"""The first class that fits."""

log = structlog.get_logger(__name__)


class AppRequestSender:
    """Sends what is due at request URLs until the worker stops."""

    name = "messaging.app_requests"

    def __init__(self, context: WorkerContext[Any]) -> None:
        self._context: Final = context
        self._has_more: Final = context.notifier.subscribe(APP_EVENTS_CHANNEL)
        self._sending: Final[set[asyncio.Task[None]]] = set()
        self._missing_key: SecretsKeyMissingError | None = None

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until `stopping` is set; then finish what was begun.

        Raises:
            SecretsKeyMissingError: this process lacks a key, so it can't sign; another worker sends again.
        """
        while not stopping.is_set() and self._missing_key is None:
            self._has_more.clear()
            try:
                await self._send_due()
            except DatabaseUnavailableError as error:
                log.info("messaging.app_requests.unavailable", error=str(error))
            await wait_for_any(stopping, self._has_more, timeout_s=POLL_INTERVAL_S)
        if self._sending:
            await asyncio.wait(self._sending)
        if self._missing_key is not None:
            raise self._missing_key

    async def _send_due(self) -> None:
        room = IN_FLIGHT_MAX - len(self._sending)
        if room <= 0:
            return
        async with self._context.database.transaction() as connection:
            events = await claim_for_worker(
                connection,
                worker_id=self._context.lease.worker_id,
                limit=room,
                limit_of_app=IN_FLIGHT_OF_APP_MAX,
            )
        for event in events:
            task = asyncio.create_task(self._send(event))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, event: AppEvent) -> None:
        try:
            await self._send_one(event)
        except DatabaseUnavailableError as error:
            # Another worker sends it again.
            log.info("messaging.app_requests.unavailable", error=str(error))
        except SecretsKeyMissingError as error:
            self._missing_key = error
            self._has_more.set()
        except Exception:
            log.exception("messaging.app_request.crashed", type=event.type)

    async def _send_one(self, event: AppEvent) -> None:
        prepared = await self._prepare(event)
        if prepared is None:
            return
        app, headers, body = prepared
        database, notifier = self._context.database, self._context.notifier
        secret = open_signing_secret(self._context.sealer, app)
        if secret is None:
            await record_failure(database, notifier, event, error=SIGNING_SECRET_BROKEN)
            return
        headers |= sign(body, secret=secret, at=int(time.time()))
        try:
            response = await self._context.egress.request(
                "POST",
                parse_target(app.request_url or ""),
                headers=headers.items(),
                body=body,
                timeout_s=ACK_WITHIN.total_seconds(),
                body_bytes_max=ANSWER_BYTES_MAX,
            )
        except EgressError as error:
            await record_failure(database, notifier, event, error=_word_of(error))
            return
        if response.status not in _OK:
            is_final = response.header(b"x-slack-no-retry") == b"1"
            await record_failure(database, notifier, event, error="http_error", is_final=is_final)
        elif event.kind == "verification":
            await self._verify(event, response)
        else:
            answer = _answer_of(response)
            await acknowledge(database, notifier, app, app_event_id=event.app_event_id, answer=answer)

    async def _prepare(self, event: AppEvent) -> tuple[App, dict[str, str], bytes] | None:
        """Return what is sent; None if it is no longer to be sent."""
        async with self._context.database.transaction() as connection:
            app = await find_app(connection, app_id=event.app_id)
            payload = None
            if app is not None and app.request_url is not None:
                shower = PayloadShower(connection, app, base_url=app.base_url or "")
                payload = await shower.show(event)
            if app is None or payload is None:
                await forget(connection, event)
                return None
        body, media_type = _encode(event, payload)
        headers = {"content-type": media_type, "accept": "*/*", "user-agent": "Slackbot 1.0 (Ninefold)"}
        if event.attempt_count > 1:
            headers |= {
                "x-slack-retry-num": str(event.attempt_count - 1),
                "x-slack-retry-reason": _reason_of(event),
            }
        return app, headers, body

    async def _verify(self, event: AppEvent, response: EgressResponse) -> None:
        text = response.body.decode(errors="replace").strip()
        answer = _answer_of(response)
        if event.payload["challenge"] in (text, answer.get("challenge")):
            await record_verified(self._context.database, event)
        else:
            await record_failure(
                self._context.database, self._context.notifier, event, error="wrong_challenge", is_final=True
            )


def sign(body: bytes, *, secret: str, at: int) -> dict[str, str]:
    """Return the headers with which an app verifies that a request is from here (Slack, "Verifying requests").

    Args:
        body: the body of the request.
        secret: the signing secret of the app.
        at: the time in seconds since 1970; apps refuse requests that are older than five minutes.
    """
    digest = hmac.new(secret.encode(), b"v0:%d:%b" % (at, body), hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": str(at), "x-slack-signature": f"v0={digest}"}


def _encode(event: AppEvent, payload: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return the body and its media type: commands and interactions are forms."""
    if event.kind in ("event", "verification"):
        return msgspec.json.encode(payload), "application/json"
    fields = payload if event.kind == "command" else {"payload": msgspec.json.encode(payload).decode()}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _reason_of(event: AppEvent) -> str:
    """Return Slack's word for why an attempt has failed."""
    return "unknown_error" if event.error in (None, SIGNING_SECRET_BROKEN) else event.error


def _word_of(error: EgressError) -> str:
    return next((word for kind, word in _SLACKS_WORDS if isinstance(error, kind)), "connection_failed")


def _answer_of(response: EgressResponse) -> dict[str, Any]:
    """Return the answer in the body of a response: JSON, or a text to show."""
    text = response.body.decode(errors="replace").strip()
    media_type = (response.header(b"content-type") or b"").partition(b";")[0].strip().lower()
    if media_type == b"application/json":
        try:
            return msgspec.json.decode(text, type=dict[str, Any]) if text else {}
        except msgspec.MsgspecError:
            return {}
    return {"text": text} if text else {}
