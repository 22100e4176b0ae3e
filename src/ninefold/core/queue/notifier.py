"""Notifies others that there is work to claim, or that something has changed.

A notification wakes the listeners of its own process at once, and those of other processes by LISTEN and NOTIFY. It can
carry short messages, such as the name of what has changed. Notifications can get lost, so listeners also poll, at a
lower rate. Each process sends them after its transactions have committed, on average at most once per
`NOTIFY_INTERVAL_S`: inside a transaction, NOTIFY takes a global lock, so all such commits in the database would wait
for each other.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

import structlog

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import store
from ninefold.core.waiting import wait_for_any

NOTIFY_INTERVAL_S: Final = 0.005

NOTIFY_BURST: Final = 3
"""How many leave at once after a pause. What is done for one request often commits several times within a few ms."""

RECONNECT_DELAY_S: Final = 1.0

MESSAGE_BYTES_MAX: Final = 2_000

PAYLOAD_BYTES_MAX: Final = 7_900
"""PostgreSQL refuses payloads of 8,000 bytes and more."""

PAYLOADS_MAX: Final = 32
"""Payloads for one channel per `NOTIFY_INTERVAL_S`. If more would be needed, listeners only learn that messages are
missing."""

MESSAGES_MAX: Final = 10_000
"""Messages for one channel that wait to be sent. Beyond that too, listeners only learn that messages are missing."""

Listener: TypeAlias = Callable[[Sequence[str] | None], None]
"""Gets the messages of notifications; None if messages may have been lost. It must return at once and never fail."""

_MISSING: Final = "\a"
"""In a payload, stands for messages that its sender couldn't send."""

log = structlog.get_logger(__name__)


class Notifier:
    """Sends notifications to other processes, and receives theirs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sender: Final = secrets.token_hex(4)
        """Begins each payload, so that a process can ignore its own notifications."""
        self._events: dict[str, asyncio.Event] = {}
        self._listeners: dict[str, list[Listener]] = {}
        self._to_notify: dict[str, dict[str, None]] = {}
        """The distinct messages of each channel, in order."""
        self._notifying: asyncio.Task[None] | None = None
        self._notify_at = 0.0
        """When the next ones may be sent, by the clock of the event loop."""

    def notify(self, channel: str, *messages: str) -> None:
        """Wake the listeners on `channel`. Call it after the commit; it returns at once and never fails.

        Args:
            channel: the channel.
            messages: what to tell the listeners, up to `MESSAGE_BYTES_MAX` each, without line breaks.
        """
        for message in messages:
            assert "\n" not in message, "messages are separated by line breaks"
            assert len(message.encode()) <= MESSAGE_BYTES_MAX, "the message is too long"
        self._wake(channel, messages)
        waiting = self._to_notify.setdefault(channel, {})
        waiting.update(dict.fromkeys(messages))
        if len(waiting) > MESSAGES_MAX:
            self._to_notify[channel] = {_MISSING: None}
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify_all())

    def subscribe(self, channel: str) -> asyncio.Event:
        """Return an event that each notification on `channel` sets and the caller clears. Call this before `run`."""
        return self._events.setdefault(channel, asyncio.Event())

    def listen(self, channel: str, listener: Listener) -> None:
        """Call a function for the notifications on `channel`. Call this before `run`.

        It isn't called for notifications without messages.
        """
        self._listeners.setdefault(channel, []).append(listener)

    async def run(self, stopping: asyncio.Event) -> None:
        """Listen until `stopping` is set; reconnect when the connection is lost."""
        while not stopping.is_set():
            try:
                async with self._database.connection() as connection:
                    await self._listen(connection, stopping)
            except DatabaseUnavailableError as error:
                log.warning("queue.notifier.disconnected", error=str(error))
                await wait_for_any(stopping, timeout_s=RECONNECT_DELAY_S)

    async def _listen(self, connection: Connection, stopping: asyncio.Event) -> None:
        is_lost = asyncio.Event()
        channels = sorted({*self._events, *self._listeners})

        def on_termination(*_: object) -> None:
            is_lost.set()

        connection.add_termination_listener(on_termination)
        try:
            for channel in channels:
                await connection.add_listener(channel, self._on_notification)
                # Notifications sent before this were missed, so let the listeners check once.
                self._wake(channel, None)
            await wait_for_any(is_lost, stopping)
        except BaseException:
            if not is_lost.is_set():
                # It may still be listening, so it mustn't return to the pool.
                connection.terminate()
            raise
        if is_lost.is_set():
            raise DatabaseUnavailableError("PostgreSQL closed the connection that listens for notifications.")
        connection.remove_termination_listener(on_termination)
        for channel in channels:
            await connection.remove_listener(channel, self._on_notification)

    # The driver passes its connection and the id of the sending process as well.
    def _on_notification(self, _: Any, __: int, channel: str, payload: Any) -> None:
        sender, *messages = str(payload).split("\n")
        if sender != self._sender:
            self._wake(channel, None if _MISSING in messages else messages)

    def _wake(self, channel: str, messages: Sequence[str] | None) -> None:
        if (event := self._events.get(channel)) is not None:
            event.set()
        if messages is None or messages:
            for listener in self._listeners.get(channel, ()):
                listener(messages)

    async def _notify_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._to_notify:
            # The first ones after a pause leave at once, and those that follow are combined.
            await asyncio.sleep(max(0.0, self._notify_at - loop.time()))
            to_notify, self._to_notify = self._to_notify, {}
            pairs = [
                (channel, payload)
                for channel in sorted(to_notify)
                for payload in _payloads(self._sender, [*to_notify[channel]])
            ]
            try:
                async with self._database.connection() as connection:
                    # A notification that a crash of PostgreSQL loses is like any other that gets lost.
                    await store.notification_send_unflushed(
                        connection,
                        channels=[channel for channel, _ in pairs],
                        payloads=[payload for _, payload in pairs],
                    )
            except DatabaseUnavailableError as error:
                log.info("queue.notifier.failed", error=str(error))
            earliest = loop.time() - (NOTIFY_BURST - 2) * NOTIFY_INTERVAL_S
            self._notify_at = max(self._notify_at + NOTIFY_INTERVAL_S, earliest)


async def notify_on_commit(connection: Connection, channel: str, *messages: str) -> None:
    """Notify all processes when the caller's transaction commits. Call it before that.

    The commit then waits for others that do the same. So use it only for what is rare and mustn't be forgotten, or in
    commands that have no event loop to notify afterwards. Without messages, listeners of messages aren't called.
    """
    payloads = _payloads("", list(messages))
    await store.notification_send(connection, channels=[channel] * len(payloads), payloads=payloads)


def _payloads(sender: str, messages: list[str]) -> list[str]:
    payloads = ["\n".join([sender, *part]) for part in _parts(messages)]
    return payloads if len(payloads) <= PAYLOADS_MAX else [f"{sender}\n{_MISSING}"]


def _parts(messages: list[str]) -> Iterator[list[str]]:
    """Yield the messages in parts that each fit into a payload, at least one, which may be empty."""
    part: list[str] = []
    room = PAYLOAD_BYTES_MAX
    for message in messages:
        size = len(message.encode()) + 1
        if size > room:
            yield part
            part, room = [], PAYLOAD_BYTES_MAX
        part.append(message)
        room -= size
    yield part
