"""Server-sent events: a channel as a response that goes on, for browsers' `EventSource`, for curl, and for firewalls.

The format is that of the HTML standard, §9.2. The id of an event is a position, `<epoch>-<offset>`. A client that comes
back sends the last one as `Last-Event-ID`.
"""

import asyncio
import random
import re
import time
from contextlib import suppress
from typing import Any, Final

import msgspec
from litestar.types import Receive, Scope, Send

from ninefold.core.live.access import Grant
from ninefold.core.live.batches import Batch, one_line
from ninefold.core.live.errors import INSUFFICIENT_STATE, SLOW, Disconnect, PositionInvalidError
from ninefold.core.live.feeds import Feed
from ninefold.core.live.hub import Hub
from ninefold.core.live.limits import CLOSE_WITHIN_S, RETRY_MAX_S, RETRY_MIN_S
from ninefold.core.live.model import StreamPosition
from ninefold.core.live.outbox import Outbox
from ninefold.core.live.subscriptions import Subscription
from ninefold.core.live.viewers import Viewer

_POSITION: Final = re.compile(r"(?:(?P<epoch>[0-9a-f]{8})-)?(?P<offset>[0-9]{1,18})")

_HEADERS: Final = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    # Proxies would collect events.
    (b"x-accel-buffering", b"no"),
)


class Subscribed(msgspec.Struct, frozen=True):
    """The first event: where the stream begins."""

    channel: str
    epoch: str
    offset: int
    was_recovering: bool
    recovered: bool


def parse_position(text: str) -> StreamPosition:
    """Return the position of an event's id. Without an epoch, `7` is a position in any log, and `0` its beginning.

    Raises:
        PositionInvalidError: it isn't a position.
    """
    match = _POSITION.fullmatch(text)
    if match is None:
        raise PositionInvalidError(
            "Last-Event-ID isn't the id of an event of this stream.",
            field="Last-Event-ID",
            remedy="Send the last `id` that was received, or omit it to begin with the next entry.",
        )
    return StreamPosition(match["epoch"] or "", int(match["offset"]))


def encode_events(batch: Batch) -> bytes:
    """Return the entries of a batch as events."""
    return b"".join(
        [
            b"id: %b-%d\ndata: %b\n\n" % (batch.epoch.encode(), entry.offset, one_line(entry.data))
            for entry in batch.entries
        ]
    )


class EventStream(Viewer):
    """A client that reads one channel; also the ASGI application that answers its request.

    Call `open` first, whose errors are answered as usual.
    """

    transport = "sse"

    def __init__(self, hub: Hub, grant: Grant) -> None:
        super().__init__()
        self._hub: Final = hub
        self._grant: Final = grant
        self.deadline = None if grant.expires_in_s is None else time.monotonic() + grant.expires_in_s
        # Also if the response is never sent, because the client has gone already.
        self.ended.add_done_callback(lambda _: self._close())
        self._send: Send | None = None
        self._subscription: Subscription | None = None
        self._outbox: Final = Outbox(
            self._write, separator=b"", size_max=hub.buffer_size_max, overflow=lambda: self.end(SLOW)
        )

    async def open(self, channel: str, since: StreamPosition | None) -> None:
        """Subscribe to the channel.

        Raises:
            NinefoldError: there is no such channel, or no room for another client.
        """
        self._hub.viewers.add(self)
        try:
            self._hub.access.admit(self, self._grant)
            async with self._hub.admission.admitted():
                subscription = await self._hub.subscribe(channel, self._grant, subscriber=self, since=since)
        except BaseException:
            self._hub.viewers.remove(self)
            raise
        self._subscription = subscription
        self._outbox.put(_begin(channel, subscription, since))
        subscription.start()
        if self.ended.done():
            self._close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until either side ends the connection."""
        del scope
        self._send = send
        tasks = [asyncio.create_task(self._run_outbox()), asyncio.create_task(self._wait_for_disconnect(receive))]
        try:
            # If this task is cancelled, so is `ended`.
            disconnect = await self.ended
            if disconnect is not None:
                await self._say_why(disconnect)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def deliver(self, batch: Batch) -> None:
        """Send entries."""
        self._outbox.put(batch.encoded_by(encode_events))

    def lose_position(self) -> None:
        """End the stream; the client comes back with its last position."""
        self.end(INSUFFICIENT_STATE)

    def check_access(self) -> bool:
        """End the stream; the client comes back with its last position, if it still may read."""
        self.lose_position()
        return False

    def show_signal(self, signal: bytes) -> None:
        """Send what another client has published and what isn't stored."""
        self._outbox.put(b"event: signal\ndata: %b\n\n" % signal)

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        """Send that a client has joined or left."""
        self._outbox.put(b"event: %b\ndata: %b\n\n" % (b"join" if has_joined else b"leave", member))

    async def wait_for_room(self) -> None:
        """Wait until the client has read most of what was sent."""
        await self._outbox.wait_for_room()

    def ping(self) -> None:
        """Send a comment, so that a dead connection is noticed and proxies don't close it."""
        self._outbox.put(b":\n\n")

    def end_feed(self, feed: Feed) -> None:
        """End the stream, if it is of this feed."""
        if self._subscription is not None and self._subscription.feed is feed:
            self.check_access()

    async def _run_outbox(self) -> None:
        assert self._send is not None, "the response has begun"
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        try:
            await self._outbox.run()
        except Exception:  # noqa: BLE001  # if the connection is lost, the server says so in one of many ways.
            self.end(None)

    async def _write(self, chunk: bytes) -> None:
        assert self._send is not None, "the response has begun"
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _wait_for_disconnect(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.end(None)

    async def _say_why(self, disconnect: Disconnect) -> None:
        assert self._send is not None, "the response has begun"
        last: Any = {"type": "http.response.body", "body": _event("disconnect", disconnect), "more_body": False}
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_S):
                await self._outbox.finished()
                await self._send(last)

    def _close(self) -> None:
        self._outbox.close()
        self._hub.viewers.remove(self)
        if self._subscription is not None:
            self._subscription.close()


def _begin(channel: str, subscription: Subscription, since: StreamPosition | None) -> bytes:
    """Return the first event, and the entries that follow at once."""
    offset = subscription.offset if subscription.first is None or since is None else since.offset
    subscribed = Subscribed(
        channel=channel,
        epoch=subscription.epoch,
        offset=offset,
        was_recovering=subscription.was_recovering,
        recovered=subscription.is_recovered,
    )
    retry_ms = random.randint(int(RETRY_MIN_S * 1000), int(RETRY_MAX_S * 1000))  # noqa: S311 - spreads the load.
    identifier = f"{subscription.epoch}-{offset}".encode()
    entries = b"" if subscription.first is None else subscription.first.encoded_by(encode_events)
    return b"retry: %d\nid: %b\n%b%b" % (retry_ms, identifier, _event("subscribed", subscribed), entries)


def _event(name: str, data: msgspec.Struct) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))
