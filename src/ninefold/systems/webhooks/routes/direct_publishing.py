"""`POST /api/v1/events` without the framework: the usual form of a request, which `routes/events.py` documents.

It shares the decoder, the service and the errors with that route, and leaves to it what is unusual.
"""

from typing import Final

import msgspec
import structlog
from litestar.types import HTTPScope, Receive, Send

from ninefold.core.ids import format_id
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.core.web.access import access_of
from ninefold.core.web.bodies import JsonDecoder, keep_body
from ninefold.core.web.bodies.chunks import ChunkReader
from ninefold.core.web.direct_routes import DirectRoute
from ninefold.core.web.known_principals import KnownPrincipals
from ninefold.systems.webhooks.routes.events import ACCEPTED, EVENT_BODY_BYTES_MAX, EVENTS_PATH, draft_of, publish_event
from ninefold.systems.webhooks.routes.idempotency import choose_idempotency_key
from ninefold.systems.webhooks.routes.wire import PublishEvent, show_publication
from ninefold.systems.webhooks.service.publishing import Publication
from ninefold.systems.webhooks.service.shared_publishing import AccessUnconfirmed, SharedPublishing

_METHOD: Final = "POST"
_JSON: Final = (b"application/json", b"application/json; charset=utf-8")
_JSON_HEADER: Final = (b"content-type", b"application/json")
_REPLAYED_HEADER: Final = (b"idempotency-replayed", b"true")
_UNUSUAL: Final = frozenset({b"content-encoding", b"cookie", b"expect", b"transfer-encoding"})

_decoder: Final[JsonDecoder[PublishEvent]] = JsonDecoder(PublishEvent)
_encoder: Final = msgspec.json.Encoder()


class DirectPublishing:
    """Answers a request that publishes one event.

    Args:
        publishing: publishes events.
        principals: authenticates requests.
    """

    def __init__(self, publishing: SharedPublishing, principals: KnownPrincipals) -> None:
        self._publishing: Final = publishing
        self._principals: Final = principals
        self._needed: Final = access_of(publish_event)

    def route(self) -> DirectRoute:
        """Return the direct route."""
        return DirectRoute(method=_METHOD, path=EVENTS_PATH, handle=self.handle)

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> bool:
        """Publish an event and answer; return False if the request is to be handled by the route.

        Raises:
            NinefoldError: as `publish_event`.
        """
        head = None if scope["query_string"] else _read_head(scope)
        if head is None:
            return False
        principal = await self._principals.find(head.authorization)
        if principal is None or not self._needed.admits(principal, _METHOD):
            return False
        scope["path_template"] = EVENTS_PATH
        structlog.contextvars.bind_contextvars(
            organisation_id=format_id(ORGANISATION_PREFIX, principal.organisation_id)
        )
        reader = ChunkReader(receive, content_length=head.content_length, size_max=EVENT_BODY_BYTES_MAX)
        content = await reader.read_all()
        keep_body(scope, content)
        data = _decoder.decode(content)
        key = choose_idempotency_key(head.idempotency_keys, field=data.idempotency_key)
        result = await self._publishing.publish_if_allowed(principal, draft_of(data, idempotency_key=key))
        if isinstance(result, AccessUnconfirmed):
            return False
        await _answer(send, result)
        return True


class _Head(msgspec.Struct, frozen=True):
    authorization: bytes
    content_length: str
    idempotency_keys: list[str]


def _read_head(scope: HTTPScope) -> _Head | None:
    """Return what is needed of the headers; None if something about them is unusual."""
    authorization: bytes | None = None
    content_length = b"0"
    keys: list[str] = []
    for name, value in scope["headers"]:
        if name == b"authorization":
            if authorization is not None:
                return None
            authorization = value
        elif name == b"content-length":
            content_length = value
        elif name == b"content-type":
            if value not in _JSON:
                return None
        elif name == b"idempotency-key":
            keys.append(value.decode("latin-1"))
        elif name in _UNUSUAL:
            return None
    if authorization is None or not content_length.isdigit() or content_length == b"0":
        return None
    return _Head(authorization, content_length.decode(), keys)


async def _answer(send: Send, publication: Publication) -> None:
    body = _encoder.encode(show_publication(publication))
    headers = [_JSON_HEADER, (b"content-length", b"%d" % len(body))]
    if publication.is_replay:
        headers.append(_REPLAYED_HEADER)
    await send({"type": "http.response.start", "status": ACCEPTED, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
