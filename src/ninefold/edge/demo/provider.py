"""The demo's provider: signs callbacks as GitHub does, and sends others that aren't genuine among them."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import cycle, islice
from typing import Final
from uuid import uuid4

import httpx
import msgspec

from ninefold.edge.demo.payloads import Payload

CONNECTIONS: Final = 32
CALLS_PER_S: Final = 100
"""Slow enough that processes can be killed meanwhile."""

ANSWERED_WITHIN_S: Final = 10.0
"""GitHub waits as long for an answer."""

RESEND_DELAY_S: Final = 0.2
CALLS_PER_ODD_ONE: Final = 4
"""One of so many calls is followed by one that isn't genuine or that is repeated."""


GUESSED: Final = "a guess"


class Kind(StrEnum):
    """What a call is."""

    GENUINE = "genuine"
    REPEATED = "repeated"
    """A genuine one that the provider sends again, with the same id."""
    REPLAYED = "replayed"
    """A genuine one that somebody has recorded, and sends again with another id."""
    FORGED = "forged"
    """It is signed with another secret."""
    TRUNCATED = "truncated"
    """Its body is cut off, and its signature is that of the whole body."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request of the provider, or of somebody who pretends to be the provider."""

    kind: Kind
    event: str
    delivery_id: str
    signature: str
    body: bytes


class Sent(msgspec.Struct, kw_only=True):
    """How many calls were sent, and how many of them were answered with an error or not at all, and sent again."""

    answered: int = 0
    resent: int = 0


def make_calls(payloads: Sequence[Payload], *, secret: str, count: int) -> list[Call]:
    """Return genuine calls, and among them repeated, replayed, forged and truncated ones.

    Args:
        payloads: what genuine calls have as their bodies. If there are fewer, they are used again with spaces at their
            end, so that no two calls have the same body.
        secret: what the provider signs with.
        count: how many genuine calls to make.
    """
    odd_kinds = cycle([Kind.FORGED, Kind.REPEATED, Kind.TRUNCATED, Kind.REPLAYED])
    calls: list[Call] = []
    for number, payload in enumerate(islice(cycle(payloads), count)):
        body = payload.body + b" " * (number // len(payloads))
        genuine = _sign(payload, body, secret=secret)
        calls.append(genuine)
        if number % CALLS_PER_ODD_ONE == 0:
            calls.append(_odd_one(next(odd_kinds), genuine))
    return calls


def _sign(payload: Payload, body: bytes, *, secret: str) -> Call:
    """Return a genuine call: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries."""
    return Call(
        kind=Kind.GENUINE,
        event=payload.event_type.removeprefix("github."),
        delivery_id=str(uuid4()),
        signature=_signature(body, secret=secret),
        body=body,
    )


def _odd_one(kind: Kind, genuine: Call) -> Call:
    body, delivery_id, signature = genuine.body, genuine.delivery_id, genuine.signature
    match kind:
        case Kind.FORGED:
            body = b'{"forged":true,' + body[1:]
            delivery_id, signature = str(uuid4()), _signature(body, secret=GUESSED)
        case Kind.TRUNCATED:
            delivery_id, body = str(uuid4()), body[: len(body) // 2]
        case Kind.REPLAYED:
            delivery_id = str(uuid4())
    return msgspec.structs.replace(genuine, kind=kind, body=body, delivery_id=delivery_id, signature=signature)


def _signature(body: bytes, *, secret: str) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


async def send_calls(url: str, calls: Sequence[Call], *, on_sent: Callable[[Sent], None]) -> Sent:
    """Send calls over many connections. A call that isn't answered with success is sent again, with the same id.

    Args:
        url: the ingest URL.
        calls: what to send.
        on_sent: called after each call that was answered.
    """
    sent = Sent()
    remaining = enumerate(calls)
    loop = asyncio.get_running_loop()
    began_at_s = loop.time()

    async def send_remaining(http: httpx.AsyncClient) -> None:
        for number, call in remaining:
            await asyncio.sleep(max(0.0, began_at_s + number / CALLS_PER_S - loop.time()))
            while not await _is_accepted(http, url, call):
                sent.resent += 1
                await asyncio.sleep(RESEND_DELAY_S)
            sent.answered += 1
            on_sent(sent)

    limits = httpx.Limits(max_connections=CONNECTIONS)
    client = httpx.AsyncClient(limits=limits, timeout=ANSWERED_WITHIN_S, trust_env=False)
    async with client as http, asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(send_remaining(http))
    return sent


async def _is_accepted(http: httpx.AsyncClient, url: str, call: Call) -> bool:
    headers = {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/demo",
        "x-github-event": call.event,
        "x-github-delivery": call.delivery_id,
        "x-hub-signature-256": call.signature,
    }
    try:
        return (await http.post(url, content=call.body, headers=headers)).is_success
    except httpx.HTTPError:
        return False
