"""What a WebSocket subscribes to: passes what happens in a channel to its client."""

from typing import Final, Protocol

from ninefold.core.live.batches import Batch
from ninefold.core.live.centrifuge.messages import encode_member, encode_pushes, encode_signal
from ninefold.core.live.outbox import Outbox


class LosePosition(Protocol):
    """Ends the subscription to a channel because entries are missing."""

    def __call__(self, channel: str) -> None:
        """End the subscription."""
        ...


class ChannelSubscriber:
    """A client's subscription to one channel."""

    __slots__ = ("_channel", "_lose_position", "_outbox", "_wants_members")

    def __init__(self, channel: str, outbox: Outbox[str], *, wants_members: bool, lose_position: LosePosition) -> None:
        self._channel: Final = channel
        self._outbox: Final = outbox
        self._wants_members: Final = wants_members
        self._lose_position: Final = lose_position

    def deliver(self, batch: Batch) -> None:
        """Push entries."""
        self._outbox.put(batch.encoded_by(encode_pushes))

    def lose_position(self) -> None:
        """End the subscription; the client then subscribes again, with its position."""
        self._lose_position(self._channel)

    def check_access(self) -> bool:
        """End the subscription; the client then subscribes again, if it still may read."""
        self.lose_position()
        return False

    def show_signal(self, signal: bytes) -> None:
        """Push what another client has published and what isn't stored."""
        self._outbox.put(encode_signal(self._channel, signal))

    def show_member(self, *, has_joined: bool, member: bytes) -> None:
        """Push that a client has joined or left, if this one wants to know."""
        if self._wants_members:
            self._outbox.put(encode_member(self._channel, has_joined=has_joined, member=member))

    async def wait_for_room(self) -> None:
        """Wait until the client has read most of what was sent."""
        await self._outbox.wait_for_room()
