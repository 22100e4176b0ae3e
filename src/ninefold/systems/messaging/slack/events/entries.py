"""Events as Slack sends them, for the entries of a channel's log."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import (
    MEMBER_PREFIX,
    Channel,
    ChannelEvent,
    ChannelKind,
    EventType,
    Member,
    Message,
)
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.entries import find_message, find_text_before
from ninefold.systems.messaging.service.files.sharing import list_files_of
from ninefold.systems.messaging.service.members import list_members_by_ids
from ninefold.systems.messaging.slack.file_objects import show_file
from ninefold.systems.messaging.slack.objects import show_message

CHANNEL_TYPES: Final[Mapping[ChannelKind, str]] = {
    "public": "channel",
    "private": "group",
    "direct": "im",
    "group": "mpim",
}
_LETTERS: Final[Mapping[ChannelKind, str]] = {"public": "C", "private": "G", "direct": "D", "group": "G"}

Shown: TypeAlias = dict[str, Any]


class EntryShower:
    """Shows the entries of one channel.

    Args:
        connection: any connection.
        channel: the channel.
        team_id: the id of the workspace, `T…`.
        base_url: the address of this installation.
    """

    def __init__(self, connection: Connection, channel: Channel, *, team_id: str, base_url: str) -> None:
        self._connection: Final = connection
        self._channel: Final = channel
        self._team_id: Final = team_id
        self._base_url: Final = base_url

    async def show(self, event: ChannelEvent, name: str) -> Shown | None:
        """Return an entry as Slack's event of this name; None if what it tells of was deleted."""
        show = _SHOWERS[event.type] if name in ("message", "app_mention") else _OTHERS.get(event.type, _show_change)
        shown = await show(self, event)
        if shown is None:
            return None
        return {**shown, "type": name, "event_ts": shown.get("event_ts", event_ts(event.at))}

    async def message(self, sequence: int) -> Message | None:
        """Return a message, also one that was deleted."""
        return await find_message(self._connection, self._channel, sequence)

    async def user(self, member_id: UUID | None) -> str:
        """Return a member's id, `U…`; that of Slack's own bot for the installation."""
        member = None if member_id is None else await self._member(member_id)
        return "USLACKBOT" if member is None else member.slack_id

    async def show_message(self, message: Message) -> Shown:
        """Return a message as Slack shows it, without what members have added."""
        author = await self._member(message.member_id)
        assert author is not None, "members are never deleted"
        thread_ts = None
        if message.thread_sequence is not None:
            root = await self.message(message.thread_sequence)
            thread_ts = None if root is None else format_ts(root.ts_us)
        plain = msgspec.structs.replace(message, reply_count=0)
        shown = show_message(plain, author=author, team_id=self._team_id, thread_ts=thread_ts)
        if message.is_broadcast:
            shown.setdefault("subtype", "thread_broadcast")
        if message.file_ids and message.deleted_at is None:
            shown["files"] = await self.show_files(message)
        return shown

    async def show_files(self, message: Message) -> list[Shown]:
        """Return the files of a message, in their order."""
        files = await list_files_of(self._connection, [message])
        return [
            show_file(files[file_id], owner=await self.user(files[file_id].member_id), base_url=self._base_url)
            for file_id in message.file_ids
            if file_id in files
        ]

    @property
    def place(self) -> Shown:
        """Where it happened."""
        return {"channel": self._channel.slack_id, "channel_type": CHANNEL_TYPES[self._channel.kind]}

    @property
    def channel(self) -> Channel:
        """The channel."""
        return self._channel

    @property
    def team_id(self) -> str:
        """The id of the workspace."""
        return self._team_id

    async def text_before(self, event: ChannelEvent) -> ChannelEvent | None:
        """Return the entry whose text an edit has replaced."""
        return await find_text_before(self._connection, event)

    async def _member(self, member_id: UUID) -> Member | None:
        found = await list_members_by_ids(
            self._connection, organisation_id=self._channel.organisation_id, member_ids={member_id}
        )
        return found[0] if found else None


def event_ts(at: datetime) -> str:
    """Return a time as Slack's `event_ts`."""
    return f"{at.timestamp():.6f}"


_Show: TypeAlias = Callable[[EntryShower, ChannelEvent], Awaitable[Shown | None]]


async def _show_new_message(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    message = await shower.message(event.sequence)
    if message is None or message.deleted_at is not None:
        return None
    as_sent = _with_text(message, event)
    shown = await shower.show_message(as_sent)
    if "files" in shown:
        shown = {"subtype": "file_share", **shown, "upload": True}
    return {**shown, **shower.place, "event_ts": shown["ts"]}


async def _show_edit(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    assert event.message_sequence is not None, "an edit is of a message"
    message = await shower.message(event.message_sequence)
    before = await shower.text_before(event)
    if message is None or message.deleted_at is not None or before is None:
        return None
    edited = msgspec.structs.replace(_with_text(message, event), edited_at=event.at)
    return {
        **shower.place,
        "subtype": "message_changed",
        "hidden": True,
        "ts": event_ts(event.at),
        "message": await shower.show_message(edited),
        "previous_message": await shower.show_message(_with_text(message, before)),
    }


async def _show_deletion(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    assert event.message_sequence is not None, "a deletion is of a message"
    message = await shower.message(event.message_sequence)
    if message is None:
        return None
    return {
        **shower.place,
        "subtype": "message_deleted",
        "hidden": True,
        "ts": event_ts(event.at),
        "deleted_ts": format_ts(message.ts_us),
        # Its text is gone.
        "previous_message": await shower.show_message(msgspec.structs.replace(message, deleted_at=None, file_ids=[])),
    }


def _notice(subtype: str, words: str, *names: str) -> _Show:
    """Return a function that shows a change of the channel as the message that Slack writes for it."""

    async def show(shower: EntryShower, event: ChannelEvent) -> Shown | None:
        user = await shower.user(event.member_id)
        fields = {name: event.payload.get(name, "") for name in names}
        text = f"<@{user}> {words.format(**fields)}"
        inviter = event.payload.get("inviter_id")
        if inviter is not None:
            fields["inviter"] = await shower.user(parse_id(MEMBER_PREFIX, inviter))
        return {
            **shower.place,
            **fields,
            "subtype": subtype,
            "user": user,
            "text": text,
            "ts": event_ts(event.at),
            "team": shower.team_id,
        }

    return show


async def _show_reaction(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    assert event.message_sequence is not None, "a reaction is to a message"
    message = await shower.message(event.message_sequence)
    if message is None:
        return None
    return {
        "user": await shower.user(event.member_id),
        "reaction": event.payload["emoji"],
        "item": {"type": "message", "channel": shower.channel.slack_id, "ts": format_ts(message.ts_us)},
        "item_user": await shower.user(message.member_id),
    }


async def _show_pin(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    assert event.message_sequence is not None, "a pin is of a message"
    message = await shower.message(event.message_sequence)
    if message is None or message.deleted_at is not None:
        return None
    return {
        "user": await shower.user(event.member_id),
        "channel_id": shower.channel.slack_id,
        "item": {
            "type": "message",
            "channel": shower.channel.slack_id,
            "created": int(message.ts_us // 1_000_000),
            "message": await shower.show_message(message),
        },
    }


async def _show_membership(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    inviter = event.payload.get("inviter_id")
    shown = {
        "user": await shower.user(event.member_id),
        "channel": shower.channel.slack_id,
        "channel_type": _LETTERS[shower.channel.kind],
        "team": shower.team_id,
    }
    if inviter is not None:
        shown["inviter"] = await shower.user(parse_id(MEMBER_PREFIX, inviter))
    return shown


async def _show_name(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    return {
        "channel": {
            "id": shower.channel.slack_id,
            "name": event.payload.get("name", shower.channel.name),
            "created": int(shower.channel.created_at.timestamp()),
        }
    }


async def _show_change(shower: EntryShower, event: ChannelEvent) -> Shown | None:
    return {"channel": shower.channel.slack_id, "user": await shower.user(event.member_id)}


def _with_text(message: Message, entry: ChannelEvent) -> Message:
    """Return a message with the text that it had at an entry of the log."""
    return msgspec.structs.replace(
        message, text=entry.payload.get("text", ""), blocks=entry.payload.get("blocks"), edited_at=None, edit_version=0
    )


_SHOWERS: Final[Mapping[EventType, _Show]] = {
    "message": _show_new_message,
    "message_edited": _show_edit,
    "message_deleted": _show_deletion,
    "member_joined": _notice("channel_join", "has joined the channel"),
    "member_left": _notice("channel_leave", "has left the channel"),
    "channel_renamed": _notice("channel_name", "has renamed the channel to “{name}”", "name", "old_name"),
    "channel_topic": _notice("channel_topic", "set the channel topic: {topic}", "topic"),
    "channel_purpose": _notice("channel_purpose", "set the channel purpose: {purpose}", "purpose"),
    "channel_archived": _notice("channel_archive", "archived the channel"),
    "channel_unarchived": _notice("channel_unarchive", "un-archived the channel"),
}
_OTHERS: Final[Mapping[EventType, _Show]] = {
    "reaction_added": _show_reaction,
    "reaction_removed": _show_reaction,
    "pin_added": _show_pin,
    "pin_removed": _show_pin,
    "member_joined": _show_membership,
    "member_left": _show_membership,
    "channel_renamed": _show_name,
}
