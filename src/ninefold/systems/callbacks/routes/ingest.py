"""`ANY /in/{source_token}`: stores a request exactly as it was received, and answers after the commit.

It is a plain ASGI application, because it is the path that everything else waits for. The callback is verified later,
by a worker; only a handshake is answered from the request itself.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from litestar.types import Receive, Scope, Send
from prometheus_client import Counter

from ninefold.core.ids import new_id
from ninefold.systems.callbacks.errors import IngestUrlNotFoundError
from ninefold.systems.callbacks.model import Answer, CallbackStatus, Header, NewCallback, Source
from ninefold.systems.callbacks.routes.bodies import BodyMemory, BodyReader
from ninefold.systems.callbacks.routes.inbox import Inbox
from ninefold.systems.callbacks.routes.quota import Quota
from ninefold.systems.callbacks.routes.source_cache import SourceCache
from ninefold.systems.callbacks.rules.requests import received_request
from ninefold.systems.callbacks.rules.sources import TOKEN
from ninefold.systems.callbacks.settings import CallbacksSettings
from ninefold.systems.callbacks.verification import Handshake, ReceivedRequest, Secret, find_provider, handshake

INGEST_PATH: Final = "/in"
INGEST_ROUTE: Final = f"{INGEST_PATH}/{{source_token}}"
"""What logs and metrics show instead of the path, which has a token."""

_NO_CONTENT: Final = 204

_ACCEPTED: Final = Counter("ninefold_callbacks_accepted", "Requests that were stored and answered.", ["provider"])


class Ingest:
    """The ASGI application of the ingest URLs.

    Args:
        inbox: stores callbacks.
        sources: finds a source by its token.
        settings: the rate of an organisation, and the public URL.
    """

    def __init__(self, inbox: Inbox, sources: SourceCache, settings: CallbacksSettings) -> None:
        self._inbox = inbox
        self._sources = sources
        self._settings = settings
        self._quota = Quota(settings)
        self._memory = BodyMemory()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Store a request and answer it.

        Raises:
            IngestUrlNotFoundError: no source has this URL.
            TooManyRequestsError: the organisation sends more than it may.
            CallbackTooLargeError: the body is larger than `BODY_BYTES_MAX`.
            BodyTimeoutError: the body didn't arrive in time.
            InboxFullError: the bodies in memory leave no room for this one.
            DatabaseUnavailableError: it isn't known whether the request was stored.
        """
        request: Any = scope
        request["path_template"] = INGEST_ROUTE
        token = request["path"].removeprefix(f"{INGEST_PATH}/")
        source = await self._sources.find(token) if TOKEN.fullmatch(token) else None
        if source is None:
            raise _not_found()
        self._quota.check(source.organisation_id)
        body = BodyReader(self._memory, organisation_id=source.organisation_id, timeout_s=self._settings.body_timeout_s)
        try:
            content = await body.read(request["headers"], receive)
            if content is None:
                return
            await self._handle(request, send, source=source, body=content)
        finally:
            body.release()

    async def _handle(self, request: Any, send: Send, *, source: Source, body: bytes) -> None:
        received_at = datetime.now(UTC)
        seen = self._seen(request, body, received_at=received_at)
        await self._quota.take(source, seen)
        shaken = _shake_hands(source, seen)
        callback = _new_callback(
            request, source=source, body=body, received_at=received_at, is_handshake=_is_answer(shaken)
        )
        version = await self._inbox.store(callback)
        if version != source.version:
            current = None if version is None else await self._sources.load(source.token)
            if current is None:
                # Deleted; the cache forgets it.
                await self._sources.load(source.token)
                raise _not_found()
            source = current
        _ACCEPTED.labels(source.provider).inc()
        if shaken is None:
            await _send_answer(send, source.answer)
        else:
            await _send(send, status=shaken.status, headers=shaken.headers, body=shaken.body)

    def _seen(self, request: Any, body: bytes, *, received_at: datetime) -> ReceivedRequest:
        return received_request(
            method=request["method"],
            scheme=request["scheme"],
            path=request["raw_path"],
            query=request["query_string"],
            headers=request["headers"],
            body=body,
            received_at=received_at,
            public_url=self._settings.public_url,
        )


def _shake_hands(source: Source, seen: ReceivedRequest) -> Handshake | None:
    """Return the answer that the provider expects at once; None for an ordinary callback."""
    provider = find_provider(source.provider)
    if provider.handshake is None:
        return None
    return handshake(provider, seen, [Secret(secret) for secret in source.secrets], options=source.options)


def _is_answer(shaken: Handshake | None) -> bool:
    """Return whether a request only tested the URL. One that is refused is a callback, which will be quarantined."""
    return shaken is not None and not shaken.is_refusal


def _new_callback(
    request: Any, *, source: Source, body: bytes, received_at: datetime, is_handshake: bool
) -> NewCallback:
    peer = request.get("client")
    return NewCallback(
        callback_id=new_id(),
        source_id=source.source_id,
        status=CallbackStatus.HANDSHAKE if is_handshake else CallbackStatus.RECEIVED,
        received_at=received_at,
        peer=f"{peer[0]}:{peer[1]}" if peer else "",
        method=request["method"],
        scheme=request["scheme"],
        path=request["raw_path"],
        query=request["query_string"],
        headers=tuple(request["headers"]),
        body=body,
    )


async def _send_answer(send: Send, answer: Answer) -> None:
    content = answer.body.encode()
    headers = [(b"content-type", answer.content_type.encode())] if content else []
    await _send(send, status=answer.status, headers=headers, body=content)


async def _send(send: Send, *, status: int, headers: Iterable[Header], body: bytes) -> None:
    # RFC 9110 §8.6: a 204 has no Content-Length.
    length = [] if status == _NO_CONTENT else [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *length]})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _not_found() -> IngestUrlNotFoundError:
    return IngestUrlNotFoundError(
        "No source has this URL.", remedy="Copy the ingest_url of the source; a deleted source has none."
    )
