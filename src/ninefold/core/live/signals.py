"""Signals: what a client shows to those who read the same channel now, such as that somebody is typing.

Signals aren't stored. They are collected for a moment, and only the latest one of each client in a channel is sent. If
there are too many, or a notification gets lost, some are dropped.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.live.limits import SIGNAL_INTERVAL_S, SIGNALS_WAITING_MAX
from ninefold.core.live.presence import MemberInfo, OpenChannels
from ninefold.core.live.viewers import CLIENT_PREFIX
from ninefold.core.queue.notifier import Notifier

SIGNAL_CHANNEL: Final = "ninefold_signals"
"""The notifier's channel for signals."""


class Signal(msgspec.Struct, frozen=True):
    """What a client shows, as other servers get it."""

    channel: str
    publication: msgspec.Raw


class SignalPublication(msgspec.Struct, frozen=True):
    """A signal as clients see it: a publication without an offset."""

    data: msgspec.Raw
    info: MemberInfo


class OwnSignalPublication(msgspec.Struct, frozen=True):
    """A signal of the server itself, as clients see it: no client has sent it."""

    data: msgspec.Raw


def show_signal(notifier: Notifier, channel: str, data: bytes) -> None:
    """Show JSON of up to about 1,000 bytes to all who read a channel now, on all servers. It can get lost.

    Call it after the commit of what it is about.
    """
    publication = msgspec.json.encode(OwnSignalPublication(msgspec.Raw(data)))
    notifier.notify(SIGNAL_CHANNEL, msgspec.json.encode(Signal(channel, msgspec.Raw(publication))).decode())


class Signals:
    """Sends the signals of clients, and shows those of all servers.

    Args:
        notifier: carries them to other servers.
        channels: the open channels, whose subscribers see them.
    """

    def __init__(self, notifier: Notifier, *, channels: OpenChannels) -> None:
        self._notifier: Final = notifier
        self._channels: Final = channels
        self._waiting: dict[tuple[str, UUID], str] = {}
        self._sending: asyncio.Task[None] | None = None
        notifier.listen(SIGNAL_CHANNEL, self._show)

    def send(self, channel: str, *, client_id: UUID, user_id: str, data: bytes) -> None:
        """Show JSON to all who read a channel. It replaces what the same client has just sent."""
        if len(self._waiting) >= SIGNALS_WAITING_MAX and (channel, client_id) not in self._waiting:
            return
        info = MemberInfo(user=user_id, client=format_id(CLIENT_PREFIX, client_id))
        publication = msgspec.json.encode(SignalPublication(msgspec.Raw(data), info))
        self._waiting[channel, client_id] = msgspec.json.encode(Signal(channel, msgspec.Raw(publication))).decode()
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_soon())

    async def _send_soon(self) -> None:
        await asyncio.sleep(SIGNAL_INTERVAL_S)
        waiting, self._waiting = self._waiting, {}
        self._notifier.notify(SIGNAL_CHANNEL, *waiting.values())

    def _show(self, messages: Sequence[str] | None) -> None:
        for message in messages or ():
            signal = msgspec.json.decode(message, type=Signal)
            channel = self._channels.find_open(signal.channel)
            for subscriber in () if channel is None else tuple(channel.subscribers):
                subscriber.show_signal(bytes(signal.publication))
