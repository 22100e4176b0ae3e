"""The copy of a channel that a device has: the entries of its log, and the messages as they are after them."""

from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from ninefold.edge.simulation.copies import Entry, LogCopy

SAID: Final = ("text", "blocks", "file_ids")
"""What the entries of a deleted message don't have any more."""


class CopiedMessage(msgspec.Struct, kw_only=True):
    """A message as a device shows it."""

    sequence: int
    at: str
    member_id: str
    client_msg_id: str | None
    text: str
    thread_sequence: int | None
    is_broadcast: bool
    mentioned_ids: list[str]
    edit_version: int = 0
    is_deleted: bool = False
    reactions: dict[str, list[str]]
    """Who has added each emoji, in that order."""

    @property
    def is_in_channel(self) -> bool:
        """Whether it is shown in the channel, and not only in a thread."""
        return self.thread_sequence is None or self.is_broadcast


class CountedUnread(NamedTuple):
    """How many messages a member hasn't read, and how many of those mention it."""

    unread: int
    mentions: int


class ChannelCopy(LogCopy):
    """What a device knows about a channel.

    Args:
        on_entry: is told each entry once, in the order of the log.
    """

    def __init__(self, on_entry: Callable[[Entry], None] = lambda _: None) -> None:
        super().__init__(on_entry)
        self.messages: Final[dict[int, CopiedMessage]] = {}
        """By sequence, deleted ones too."""

    def find(self, client_msg_id: str) -> CopiedMessage | None:
        """Return the message that an id of a client became, if it has arrived."""
        return next((each for each in self.messages.values() if each.client_msg_id == client_msg_id), None)

    def count_unread(self, member_id: str, *, read_sequence: int) -> CountedUnread:
        """Count what a member hasn't read after a sequence."""
        later = [each for each in self.messages.values() if each.sequence > read_sequence and not each.is_deleted]
        return CountedUnread(
            unread=sum(each.is_in_channel and each.member_id != member_id for each in later),
            mentions=sum(member_id in each.mentioned_ids for each in later),
        )

    def _apply(self, entry: Entry) -> None:
        about = entry["message_sequence"]
        if entry["type"] == "message":
            self.messages[entry["sequence"]] = _message_of(entry)
            return
        if about is None:
            return
        message = self.messages.get(about)
        if message is None:
            self.problem = f"Entry {entry['sequence']} is about message {about}, which isn't in the log before it."
            return
        match entry["type"]:
            case "message_edited":
                message.text = entry.get("text", "")
                message.mentioned_ids = entry["mentioned_ids"]
                message.edit_version = entry["edit_version"]
            case "message_deleted":
                message.text, message.is_deleted = "", True
                self._blank(about)
            case "reaction_added":
                message.reactions.setdefault(entry["emoji"], []).append(entry["member_id"])
            case "reaction_removed":
                self._remove_reaction(message, entry)

    def _remove_reaction(self, message: CopiedMessage, entry: Entry) -> None:
        members = message.reactions.get(entry["emoji"], [])
        if entry["member_id"] not in members:
            self.problem = f"Entry {entry['sequence']} removes a reaction that isn't there."
            return
        members.remove(entry["member_id"])
        if not members:
            del message.reactions[entry["emoji"]]

    def _blank(self, sequence: int) -> None:
        """Remove what a deleted message has said, as the server does."""
        for at, entry in enumerate(self.log):
            is_edit = entry["type"] == "message_edited" and entry["message_sequence"] == sequence
            if is_edit or entry["sequence"] == sequence:
                self.log[at] = {name: value for name, value in entry.items() if name not in SAID}


def _message_of(entry: Entry) -> CopiedMessage:
    return CopiedMessage(
        sequence=entry["sequence"],
        at=entry["at"],
        member_id=entry["member_id"],
        client_msg_id=entry["client_msg_id"],
        # It is missing if the message has been deleted since.
        text=entry.get("text", ""),
        thread_sequence=entry["thread_sequence"],
        is_broadcast=entry["is_broadcast"],
        mentioned_ids=entry["mentioned_ids"],
        reactions={},
    )
