"""`ninefold callbacks …`."""

import sys
from datetime import datetime
from typing import Annotated, Final

from cyclopts import App, Parameter
from rich.text import Text

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    SearchPage,
    follow_job,
    parse_argument_id,
    print_fields,
    print_gap,
    print_note,
    print_search_end,
    print_table,
    print_text,
    show_answer,
    show_fields,
    state_text,
)
from ninefold.systems.callbacks.commands.answers import (
    CallbackAnswer,
    CallbackContentAnswer,
    ReplayAnswer,
)
from ninefold.systems.callbacks.model import CALLBACK_PREFIX, SOURCE_PREFIX, CallbackStatus

_CALLBACKS: Final = "/api/v1/callbacks"

_LIKE: Final = {
    CallbackStatus.RECEIVED.value: "queued",
    CallbackStatus.VERIFIED.value: "succeeded",
    CallbackStatus.QUARANTINED.value: "failed",
    CallbackStatus.DUPLICATE.value: "canceled",
    CallbackStatus.HANDSHAKE.value: "succeeded",
}
"""The states that all systems share, whose icon and colour a status has."""

BODY_SHOWN_MAX: Final = 2_000
"""Characters of a body that `callbacks show` prints; `callbacks body` prints all of it."""

NoWait = Annotated[bool, Parameter(negative="", show_default=False)]

callbacks = App(name="callbacks", help="View, replay and re-verify callbacks.")


@callbacks.command(name="list")
def list_callbacks(
    *,
    source: str | None = None,
    status: CallbackStatus | None = None,
    provider: str | None = None,
    type: str | None = None,  # noqa: A002 - the name of the option.
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List callbacks, newest first.

    Args:
        source: List only callbacks of this source.
        status: List only callbacks with this status.
        provider: List only callbacks of this provider.
        type: List only callbacks of this type, in the provider's words.
        limit: Maximum number of callbacks to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    if source is not None:
        parse_argument_id(SOURCE_PREFIX, source, shown_by="ninefold sources list")
    with api.client() as client:
        answer = client.get(
            _CALLBACKS,
            source_id=source,
            status=None if status is None else status.value,
            provider=provider,
            type=type,
            limit=limit,
            cursor=cursor,
        )
        show_answer(answer, SearchPage[CallbackAnswer], api=api, show=_show_callbacks)


@callbacks.command(name="show")
def show_callback(callback_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a callback with its headers and the beginning of its body.

    Args:
        callback_id: The callback's id, such as cbk_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = _callback_path(callback_id)
    with api.client() as client:
        show_answer(client.get(path), CallbackContentAnswer, api=api, show=_show_callback)


@callbacks.command(name="body")
def print_callback_body(callback_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Print the body of a callback to standard output, byte for byte.

    Args:
        callback_id: The callback's id, such as cbk_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{_callback_path(callback_id)}/body"
    with api.client() as client:
        sys.stdout.buffer.write(client.get(path).content)


@callbacks.command(name="replay")
def replay_callback(callback_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Pass a verified callback on again, as a new event.

    Args:
        callback_id: The callback's id, such as cbk_01h455vb4pex5vsknk084sn02q.
        api: The server and API key to use.
    """
    path = f"{_callback_path(callback_id)}/replay"
    with api.client() as client:
        show_answer(client.post(path), ReplayAnswer, api=api)


@callbacks.command(name="replay-many")
def replay_callbacks(
    source_id: str,
    *,
    since: datetime,
    until: datetime | None = None,
    type: str | None = None,  # noqa: A002 - the name of the option.
    no_wait: NoWait = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Pass all verified callbacks of a source from a time on again. A durable job does it.

    Args:
        source_id: The source's id, such as src_01h455vb4pex5vsknk084sn02q.
        since: Received at this time or later; in UTC.
        until: Received before this time; now by default.
        type: Only of this type, in the provider's words.
        no_wait: Only start the job; don't wait until it has ended.
        api: The server and API key to use.
    """
    parse_argument_id(SOURCE_PREFIX, source_id, shown_by="ninefold sources list")
    body = {"source_id": source_id, "since": _utc(since), "until": until and _utc(until), "type": type}
    with api.client() as client:
        follow_job(client, client.post(f"{_CALLBACKS}/replay", body), api=api, should_wait=not no_wait)


@callbacks.command(name="reverify")
def reverify_callbacks(source_id: str, *, no_wait: NoWait = False, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Verify all quarantined callbacks of a source again, after its secrets were corrected. A durable job does it.

    Args:
        source_id: The source's id, such as src_01h455vb4pex5vsknk084sn02q.
        no_wait: Only start the job; don't wait until it has ended.
        api: The server and API key to use.
    """
    parse_argument_id(SOURCE_PREFIX, source_id, shown_by="ninefold sources list")
    with api.client() as client:
        answer = client.post(f"{_CALLBACKS}/reverify", {"source_id": source_id})
        follow_job(client, answer, api=api, should_wait=not no_wait)


def _show_callbacks(page: SearchPage[CallbackAnswer]) -> None:
    print_table(
        ["Callback", "Provider", "Type", "Status", "Reason", "Bytes", "Received at"],
        [
            [
                item.callback_id,
                item.provider,
                item.type,
                _status_text(item.status),
                item.reason,
                item.body_bytes,
                item.received_at,
            ]
            for item in page.items
        ],
        empty="No callbacks found. `ninefold sources show SRC_ID` shows the URL that a provider needs.",
    )
    print_search_end(page)


def _show_callback(callback: CallbackContentAnswer) -> None:
    print_fields({"status": _status_text(callback.status)})
    show_fields(callback, without=["status", "headers", "is_body_omitted", "body_text"])
    print_gap()
    print_table(["Header", "Value"], [[header.name, header.value] for header in callback.headers], empty="No headers.")
    if callback.body_text:
        shown = callback.body_text[:BODY_SHOWN_MAX]
        print_gap()
        print_text(f"Body{', its beginning' if len(shown) < len(callback.body_text) else ''}:")
        print_text(shown)
    else:
        print_note(f"To print the body: ninefold callbacks body {callback.callback_id}")


def _status_text(status: str) -> Text:
    return state_text(status, like=_LIKE.get(status))


def _utc(time: datetime) -> str:
    return time.isoformat() if time.tzinfo else f"{time.isoformat()}Z"


def _callback_path(callback_id: str) -> str:
    parse_argument_id(CALLBACK_PREFIX, callback_id, shown_by="ninefold callbacks list")
    return f"{_CALLBACKS}/{callback_id}"
