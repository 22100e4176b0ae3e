"""RTM: a connection of a member or a bot that is sent bare events, and can send messages.

Nothing is acknowledged: a client that was away reads what it missed with `conversations.history`. The events are read
from the logs of the member's channels, so nothing is recorded for a connection.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from litestar import WebSocket

from ninefold.core.errors import NinefoldError
from ninefold.core.live import LIVE_CHANNEL, Hub
from ninefold.core.live.errors import MALFORMED
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.notifier import Notifier
from ninefold.core.waiting import wait_for_any
from ninefold.systems.messaging.model import Channel, ChannelEvent, Member, Membership, NewMessage
from ninefold.systems.messaging.rules.app_events import names_of_entry
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.channels import get_channel
from ninefold.systems.messaging.service.entries import list_entries, list_memberships
from ninefold.systems.messaging.service.notifying import channel_feed, member_feed
from ninefold.systems.messaging.service.sending import post_message
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.events.connections import SlackSocket
from ninefold.systems.messaging.slack.events.entries import EntryShower
from ninefold.systems.messaging.slack.finding import find_channel, find_sequence
from ninefold.systems.messaging.slack.words import word_of

POLL_INTERVAL_S: Final = 2.0
"""How often the logs are looked at, because a notification can get lost."""

ENTRIES_PER_READ: Final = 50
MESSAGE_BYTES_MAX: Final = 256 * 1024

log = structlog.get_logger(__name__)


class RtmMode:
    """What all connections of RTM use.

    Args:
        database: where the logs are.
        notifier: tells of new entries.
        hub: shows who is typing.
    """

    def __init__(self, database: Database, notifier: Notifier, hub: Hub) -> None:
        self.database: Final = database
        self.notifier: Final = notifier
        self.hub: Final = hub
        self.sockets: Final[set[RtmSocket]] = set()
        notifier.listen(LIVE_CHANNEL, self._wake)

    def _wake(self, names: Sequence[str] | None) -> None:
        for socket in self.sockets:
            if names is None or not socket.feeds.isdisjoint(names):
                socket.has_news.set()


class RtmSocket(SlackSocket):
    """One connection of a member.

    Args:
        socket: a WebSocket that isn't accepted yet.
        mode: what it uses.
        member: whose it is.
        base_url: the address of this installation.
    """

    transport = "slack_rtm"

    def __init__(self, socket: WebSocket[Any, Any, Any], mode: RtmMode, *, member: Member, base_url: str) -> None:
        super().__init__(socket)
        self._mode: Final = mode
        self._member: Final = member
        self._base_url: Final = base_url
        self._seen: dict[UUID, int] = {}
        """The last sequence of each channel that was sent."""
        self._sent: Final[set[tuple[UUID, int]]] = set()
        """What this connection has posted, of which it isn't told."""
        self._is_open = False
        self.feeds: frozenset[str] = frozenset({member_feed(member.member_id)})
        self.has_news: Final = asyncio.Event()

    @property
    def _work(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._send_all(),)

    @property
    def _farewell(self) -> dict[str, Any]:
        return {"type": "goodbye"}

    async def _end(self) -> None:
        self._mode.sockets.discard(self)

    async def _send_all(self) -> None:
        self._mode.sockets.add(self)
        await self._send_news()
        self._is_open = True
        await self._write({"type": "hello"})
        while not self.ended.done():
            await wait_for_any(self.has_news, timeout_s=POLL_INTERVAL_S)
            self.has_news.clear()
            try:
                while await self._send_news():
                    pass
            except DatabaseUnavailableError as error:
                log.info("messaging.socket.unavailable", error=str(error))
                await asyncio.sleep(1)

    async def _send_news(self) -> bool:
        """Send what is new in the logs; return whether there may be more."""
        async with self._mode.database.transaction() as connection:
            cursors = await self._find_grown(connection)
            found = await list_entries(connection, cursors=cursors, limit=ENTRIES_PER_READ)
            shown = [
                message
                for channel_id, events in found.items()
                for message in await self._show(connection, channel_id, events)
            ]
        for message in shown:
            await self._write(message)
        for channel_id, events in found.items():
            self._seen[channel_id] = events[-1].sequence
        return bool(found)

    async def _find_grown(self, connection: Connection) -> list[tuple[UUID, int]]:
        """Return the channels with new entries, each with the last sequence that was sent."""
        memberships = await list_memberships(connection, member_id=self._member.member_id)
        current = {each.channel_id for each, _ in memberships}
        # A channel that the member has left is read to its end, which says so.
        for membership, last_sequence in memberships:
            self._seen.setdefault(membership.channel_id, self._first(membership, last_sequence))
        self._seen = {channel_id: seen for channel_id, seen in self._seen.items() if channel_id in current}
        self.feeds = frozenset({member_feed(self._member.member_id), *map(channel_feed, current)})
        return [
            (membership.channel_id, self._seen[membership.channel_id])
            for membership, last_sequence in memberships
            if last_sequence > self._seen[membership.channel_id]
        ]

    def _first(self, membership: Membership, last_sequence: int) -> int:
        """Return up to where a channel counts as seen: of one that is joined later, only what was before that."""
        return membership.joined_sequence - 1 if self._is_open else last_sequence

    async def _show(
        self, connection: Connection, channel_id: UUID, events: Sequence[ChannelEvent]
    ) -> list[dict[str, Any]]:
        organisation_id = self._member.organisation_id
        workspace = await ensure_workspace(connection, organisation_id=organisation_id)
        channel = await get_channel(connection, organisation_id=organisation_id, channel_id=channel_id)
        shower = EntryShower(connection, channel, team_id=workspace.slack_id, base_url=self._base_url)
        shown = []
        for event in events:
            if (channel_id, event.sequence) in self._sent:
                self._sent.discard((channel_id, event.sequence))
                continue
            names = [name.type for name in names_of_entry(event.type, channel.kind) if name.type != "app_mention"]
            shown += [await shower.show(event, name) for name in names]
        return [each for each in shown if each is not None]

    async def _take(self, text: str | None) -> None:
        try:
            if text is None or len(text) > MESSAGE_BYTES_MAX:
                raise msgspec.DecodeError
            sent = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.MsgspecError:
            self.end(MALFORMED)
            return
        match sent.get("type"):
            case "ping":
                await self._write({**sent, "type": "pong", "reply_to": sent.get("id")})
            case "message":
                await self._post(sent)
            case "typing":
                await self._type(sent)
            case _:
                await self._refuse(sent, "unknown_type")

    async def _post(self, sent: dict[str, Any]) -> None:
        try:
            channel, thread_sequence = await self._find(sent)
            message = NewMessage(text=str(sent.get("text") or ""), thread_sequence=thread_sequence)
            posted = await post_message(
                self._mode.database, self._mode.notifier, channel=channel, member=self._member, message=message
            )
        except NinefoldError as error:
            await self._refuse(sent, word_of(error))
            return
        self._sent.add((channel.channel_id, posted.message.sequence))
        await self._write(
            {
                "ok": True,
                "reply_to": sent.get("id"),
                "ts": format_ts(posted.message.ts_us),
                "text": posted.message.text,
            }
        )

    async def _type(self, sent: dict[str, Any]) -> None:
        try:
            channel, _ = await self._find(sent)
        except NinefoldError as error:
            await self._refuse(sent, word_of(error))
            return
        self._mode.hub.signals.send(
            channel_feed(channel.channel_id),
            client_id=self.client_id,
            user_id=self.user_id,
            data=msgspec.json.encode(
                {"type": "typing", "member_id": member_feed(self._member.member_id).split(":")[1]}
            ),
        )

    async def _find(self, sent: dict[str, Any]) -> tuple[Channel, int | None]:
        async with self._mode.database.transaction() as connection:
            channel = await find_channel(connection, self._member, str(sent.get("channel") or ""))
            thread_ts = sent.get("thread_ts")
            if not isinstance(thread_ts, str):
                return channel, None
            return channel, await find_sequence(connection, channel, thread_ts)

    async def _refuse(self, sent: dict[str, Any], word: str) -> None:
        await self._write({"ok": False, "reply_to": sent.get("id"), "error": {"code": 2, "msg": word}})
