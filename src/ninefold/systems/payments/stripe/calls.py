"""The endpoints: each reads its parameters, does its work once per idempotency key, and answers as Stripe does.

    read(server, "/v1/customers/{id:str}", NoParameters, retrieve_customer)
    write(server, "/v1/customers", NewCustomer, create_customer)
    pay(server, "/v1/payment_intents", NewPaymentIntent, create_payment_intent)

A `read` gets a snapshot of the database, a `write` a transaction, and a `pay` prepares a `PaymentStep`, which calls a
processor between two transactions.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, TypeVar
from urllib.parse import unquote

import msgspec
from litestar import Response, route
from litestar.handlers import HTTPRouteHandler

from ninefold.core.postgres.database import Connection
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.bodies.forms import parse_urlencoded
from ninefold.core.web.problems import request_id_of
from ninefold.systems.payments.model.events import Origin
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.rules.card_numbers import contains_card_number
from ninefold.systems.payments.service.idempotency import Answer, Claim
from ninefold.systems.payments.stripe.callers import caller_of
from ninefold.systems.payments.stripe.errors import StripeError
from ninefold.systems.payments.stripe.expanding import expand_object, read_expand
from ninefold.systems.payments.stripe.headers import stripe_headers
from ninefold.systems.payments.stripe.keyed import answer_once
from ninefold.systems.payments.stripe.objects.base import Json
from ninefold.systems.payments.stripe.parameters import read_parameters, refuse_card_numbers
from ninefold.systems.payments.stripe.server import StripeServer
from ninefold.systems.payments.stripe.steps import PaymentStep, run_step

T = TypeVar("T", bound=msgspec.Struct)

_FORM: Final = "application/x-www-form-urlencoded"
_FORBIDDEN: Final = 403


class NoParameters(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint without parameters."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request to an endpoint."""

    server: StripeServer
    merchant: Merchant
    is_publishable: bool
    ids: Mapping[str, str]
    """What the path names."""
    path: str
    base_url: str
    expand: Sequence[Sequence[str]]
    api_version: str
    at: datetime
    origin: Origin
    """What the events that it causes say of it."""

    async def encode(self, connection: Connection, shown: Json) -> bytes:
        """Return the body of the answer, with what the client wants to be expanded."""
        for path in self.expand:
            await expand_object(connection, self.merchant, shown, path, base_url=self.base_url)
        return msgspec.json.encode(shown)


Run: TypeAlias = Callable[[Call, Connection, T], Awaitable[Json]]
Prepare: TypeAlias = Callable[[Call, T], Awaitable[PaymentStep]]


def read(server: StripeServer, path: str, kind: type[T], run: Run[T], *, is_public: bool = False) -> HTTPRouteHandler:
    """Return the route of an endpoint that changes nothing.

    Args:
        server: what it uses.
        path: below the server's prefix.
        kind: the type of its parameters.
        run: does it.
        is_public: whether a publishable key is enough.
    """

    @route(server.prefix + path, http_method=["GET"], status_code=200)
    async def handle(request: RawRequest) -> Response[bytes]:
        call, given, _ = await _receive(server, request, kind, is_public=is_public)
        async with server.database.snapshot() as connection:
            body = await call.encode(connection, await run(call, connection, given))
        return _respond(request, Answer(200, body))

    return handle


def write(
    server: StripeServer,
    path: str,
    kind: type[T],
    run: Run[T],
    *,
    method: Literal["POST", "DELETE"] = "POST",
    is_public: bool = False,
) -> HTTPRouteHandler:
    """Return the route of an endpoint that changes something in one transaction.

    Args:
        server: what it uses.
        path: below the server's prefix.
        kind: the type of its parameters.
        run: does it.
        method: POST or DELETE.
        is_public: whether a publishable key is enough.
    """

    @route(server.prefix + path, http_method=[method], status_code=200)
    async def handle(request: RawRequest) -> Response[bytes]:
        call, given, fields = await _receive(server, request, kind, is_public=is_public)

        async def do(claim: Claim | None) -> Answer:
            async with server.database.transaction() as connection:
                answer = Answer(200, await call.encode(connection, await run(call, connection, given)))
                if claim is not None:
                    await claim.finish(connection, answer, at=call.at)
            return answer

        answer, is_replayed = await answer_once(server, request, call.merchant, fields, do)
        return _respond(request, answer, is_replayed=is_replayed)

    return handle


def pay(
    server: StripeServer, path: str, kind: type[T], prepare: Prepare[T], *, is_public: bool = False
) -> HTTPRouteHandler:
    """Return the route of an endpoint that calls a processor.

    Args:
        server: what it uses.
        path: below the server's prefix.
        kind: the type of its parameters.
        prepare: says what is to be done.
        is_public: whether a publishable key is enough.
    """

    @route(server.prefix + path, http_method=["POST"], status_code=200)
    async def handle(request: RawRequest) -> Response[bytes]:
        call, given, fields = await _receive(server, request, kind, is_public=is_public)

        async def do(claim: Claim | None) -> Answer:
            return await run_step(server, claim, await prepare(call, given), origin=call.origin)

        answer, is_replayed = await answer_once(server, request, call.merchant, fields, do)
        return _respond(request, answer, is_replayed=is_replayed)

    return handle


async def _receive(
    server: StripeServer, request: RawRequest, kind: type[T], *, is_public: bool
) -> tuple[Call, T, Mapping[str, Any]]:
    """Return a call, its parameters, and the fields that they were read from."""
    caller = caller_of(request)
    if caller.is_publishable and not is_public:
        raise StripeError(
            "This API call cannot be made with a publishable API key. Please use a secret API key.",
            code="secret_key_required",
            status=_FORBIDDEN,
        )
    fields = await _read_fields(request)
    refuse_card_numbers(fields)
    ids = {name: unquote(str(value)) for name, value in request.path_params.items()}
    others = {name: value for name, value in fields.items() if name != "expand"}
    call = Call(
        server=server,
        merchant=caller.merchant,
        is_publishable=caller.is_publishable,
        ids=ids,
        path=request.scope["path"],
        base_url=server.site.base_url(request),
        expand=read_expand(fields.get("expand")),
        api_version=request.headers.get("stripe-version", ""),
        at=server.clock.now(),
        origin=_origin_of(request),
    )
    return call, read_parameters(others, kind), fields


def _origin_of(request: RawRequest) -> Origin:
    """Return what events say of a request. Its id can be the client's, so a card number in it isn't stored."""
    request_id = request_id_of(request.scope)
    key = request.headers.get("idempotency-key") if request.scope["method"] == "POST" else None
    return Origin(
        request_id=None if contains_card_number(request_id) else request_id or None, idempotency_key=key or None
    )


async def _read_fields(request: RawRequest) -> Mapping[str, Any]:
    query = request.scope["query_string"]
    if request.scope["method"] == "GET":
        return parse_urlencoded(query)
    content = await request.body()
    if content and request.media_type != _FORM:
        raise StripeError(f"The body must be a form: send it with the header Content-Type: {_FORM}.")
    return parse_urlencoded(content or query)


def _respond(request: RawRequest, answer: Answer, *, is_replayed: bool = False) -> Response[bytes]:
    headers = stripe_headers(request)
    if is_replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, status_code=answer.status, media_type="application/json", headers=headers)
