"""`ninefold events …`."""

import codecs
import os
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import cyclopts
import msgspec
from cyclopts import App, Parameter

from ninefold.contracts.webhooks import EventTier
from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    ApiProblemError,
    ApiResponse,
    Limit,
    SearchPage,
    encode_body,
    parse_argument_id,
    print_fields,
    print_gap,
    print_json,
    print_note,
    print_search_end,
    print_table,
    show_answer,
    show_fields,
    state_text,
)
from ninefold.core.errors import InvalidInputError, TooManyRequestsError
from ninefold.systems.webhooks.commands.answers import (
    EventAnswer,
    EventWithDeliveriesAnswer,
    PublishedAnswer,
)
from ninefold.systems.webhooks.commands.output import show_deliveries
from ninefold.systems.webhooks.commands.searching import Moment, search_query
from ninefold.systems.webhooks.model import EVENT_PREFIX

_EVENTS: Final = "/api/v1/events"
_STANDARD_INPUT: Final = "-"
_REPLAYED: Final = "Idempotency-Replayed"
_UTF_16_BOMS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

WaitS = Annotated[float, Parameter(validator=cyclopts.validators.Number(gte=0, lte=86_400))]

events = App(name="events", help="Publish and view events.")


@events.command(name="publish")
def publish_event(
    event_type: str,
    payload: str = _STANDARD_INPUT,
    *,
    idempotency_key: str | None = None,
    tier: EventTier = EventTier.STANDARD,
    ordering_key: str | None = None,
    wait_s: WaitS = 0.0,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Publish an event.

    Args:
        event_type: The event's type, such as order.created.
        payload: JSON text, @FILE to read a file, or - to read standard input; delivered byte for byte.
        idempotency_key: Publishing again with the same key and content creates no second event.
        tier: How urgent the event is. Each tier has its own share of the workers.
        ordering_key: Subscriptions with ordering fifo get the events with the same key one after another.
        wait_s: While the queue is full, try again for up to this many seconds.
        api: The server and API key to use.
    """
    with api.client() as client:
        keys = {"idempotency_key": idempotency_key, "ordering_key": ordering_key}
        content = _event_body(event_type, _read_payload(payload), keys, tier)
        answer = _publish(client, content, wait_s=wait_s)
    published = msgspec.structs.asdict(answer.read(PublishedAnswer))
    is_replay = answer.headers.get(_REPLAYED) == "true"
    if api.json:
        print_json({**published, "is_replay": is_replay})
        return
    print_fields(published)
    if is_replay:
        print_note("This idempotency key was used before. The event was created then; no new event was created.")


@events.command(name="list")
def list_events(
    *,
    q: str | None = None,
    event_type: str | None = None,
    idempotency_key: str | None = None,
    accepted_after: Moment | None = None,
    accepted_before: Moment | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List events, newest first, or search for some.

    Args:
        q: Search for an id, idempotency key or type by its beginning, or for a text in the payload.
        event_type: List only events of this type, of a pattern such as order.*, or of a beginning such as order.
        idempotency_key: List only the event with exactly this idempotency key.
        accepted_after: List only events that were accepted then or later, such as 2026-01-31T12:00:00Z.
        accepted_before: List only events that were accepted earlier.
        limit: Maximum number of events to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    query = search_query(
        q=q,
        event_type=event_type,
        idempotency_key=idempotency_key,
        accepted_after=accepted_after,
        accepted_before=accepted_before,
    )
    with api.client() as client:
        answer = client.get(_EVENTS, **query, limit=limit, cursor=cursor)
        show_answer(answer, SearchPage[EventAnswer], api=api, show=partial(_show_events, is_search=bool(query)))


@events.command(name="show")
def show_event(event_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show an event and its deliveries.

    Args:
        event_id: The event's id, such as evt_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    parse_argument_id(EVENT_PREFIX, event_id, shown_by="ninefold events list")
    with api.client() as client:
        answer = client.get(f"{_EVENTS}/{event_id}")
        show_answer(answer, EventWithDeliveriesAnswer, api=api, show=_show_event)


def _publish(client: ApiClient, content: bytes, *, wait_s: float) -> ApiResponse:
    """Publish an event; while the queue is full, try again when the server says, but not after some time.

    Raises:
        ApiProblemError: it was refused.
    """
    give_up_at_s = time.monotonic() + wait_s
    while True:
        try:
            return client.request("POST", _EVENTS, content=content)
        except ApiProblemError as error:
            pause_s = error.retry_after_s
            if error.status != TooManyRequestsError.http_status or pause_s is None:
                raise
            if time.monotonic() + pause_s > give_up_at_s:
                if wait_s:
                    print_note(
                        f"The server says to try again in {pause_s} s, which is after the {wait_s:g} s of --wait-s."
                    )
                raise
            print_note(f"{error.detail} Trying again in {pause_s} s.")
        time.sleep(pause_s)


def _show_events(page: SearchPage[EventAnswer], *, is_search: bool) -> None:
    publish = "No events yet. Publish one: ninefold events publish order.created '{\"order\": 1}'"
    print_table(
        ["Event", "Type", "Tier", "Status", "Deliveries", "Accepted at"],
        [
            [
                item.event_id,
                item.event_type,
                item.tier,
                state_text(item.status),
                item.queued_deliveries,
                item.accepted_at,
            ]
            for item in page.items
        ],
        empty="No events match so far." if is_search else publish,
    )
    print_search_end(page)


def _show_event(event: EventWithDeliveriesAnswer) -> None:
    show_fields(event, without=["deliveries"])
    print_gap()
    show_deliveries(event.deliveries, of="subscription_id", empty="No subscription matched this event.")


def _read_payload(payload: str) -> bytes:
    """Return the payload's bytes unchanged, so that they are delivered byte for byte.

    Only a byte order mark, which some editors write at the beginning of a file, is left out: JSON has none (RFC 8259).
    """
    return _read_bytes(payload).removeprefix(codecs.BOM_UTF8)


def _read_bytes(payload: str) -> bytes:
    if payload == _STANDARD_INPUT:
        return sys.stdin.buffer.read()
    if not payload.startswith("@"):
        # The original bytes of the argument. `_check_payload` checks that they are UTF-8.
        return os.fsencode(payload)
    path = Path(payload[1:])
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInputError(
            f"The payload's file can't be read: {error}.",
            field="payload",
            remedy="Check the path after @.",
        ) from error


def _event_body(event_type: str, payload: bytes, keys: Mapping[str, str | None], tier: EventTier) -> bytes:
    """Return a request body that contains the payload byte for byte.

    Raises:
        InvalidInputError: the payload isn't JSON.
    """
    _check_payload(payload)
    body: dict[str, Any] = {"event_type": event_type, "payload": msgspec.Raw(payload.strip())}
    body.update({name: key for name, key in keys.items() if key is not None})
    if tier is not EventTier.STANDARD:
        body["tier"] = tier
    return encode_body(body)


def _check_payload(payload: bytes) -> None:
    """Reject payloads that would make the request's JSON invalid. Numbers of any size are allowed."""
    if payload.startswith(_UTF_16_BOMS):
        raise InvalidInputError("The payload is UTF-16.", field="payload", remedy="Save it as UTF-8.")
    try:
        payload.decode()
        msgspec.json.decode(payload, type=msgspec.Raw)
    except RecursionError as error:
        raise InvalidInputError(
            "The payload is nested too deeply.", field="payload", remedy="Reduce the nesting of lists and objects."
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("JSON is malformed: ")
        raise InvalidInputError(
            f"The payload isn't JSON: {reason}.",
            field="payload",
            remedy="Pass one JSON value in UTF-8, such as '{\"order\": 1}'.",
        ) from error
