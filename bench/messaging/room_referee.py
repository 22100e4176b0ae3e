"""Judges the log of a simulated room, without any code of Ninefold: what it allows, and what follows from it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Entry = Mapping[str, Any]

UNREAD_MAX: Final = 1_000
"""Up to how many messages are counted as unread."""


class RoomReferee:
    """Reads a log from its first entry, and knows the channel as it is after it.

    Args:
        log: all entries, in the form of the live feed.
        is_private: whether only members see the channel.
    """

    def __init__(self, log: Sequence[Entry], *, is_private: bool) -> None:
        self.problems: Final[list[str]] = []
        self.messages: Final[dict[int, dict[str, Any]]] = {}
        self.members: Final[set[str]] = set()
        self.joined: Final[dict[str, int]] = {}
        """The sequence of each member's latest entry into the channel."""
        self.left: Final[dict[str, int]] = {}
        """The sequence of each member's latest exit."""
        self._log: Final = log
        self._done_outside: Final = {"member_joined", "member_left"} | (set() if is_private else {"message_deleted"})
        """What is done by, or to, who isn't in the channel; who sees it can delete its own messages."""
        self._sent: Final[dict[tuple[str, str], int]] = {}
        self._pinned: Final[set[int]] = set()
        self._last_ts = ""
        self._is_archived = False

    def judge(self) -> list[str]:
        """Return what is wrong in the log, one sentence each."""
        for number, entry in enumerate(self._log, start=1):
            self._check(entry, entry["sequence"] == number, f"it is entry {number} of the log")
            # A member can leave an archived channel.
            self._check(entry, not self._is_archived or entry["type"] == "member_left", "it was archived")
            if entry["type"] not in self._done_outside:
                self._check(entry, entry["member_id"] in self.members, "who did it wasn't in the channel")
            getattr(self, f"_{entry['type']}", self._other)(entry)
        return self.problems

    def sequence_of(self, member_id: str, client_msg_id: str) -> int | None:
        """Return the message that an id of a member became."""
        return self._sent.get((member_id, client_msg_id))

    def was_let_in(self, member_id: str, *, after: int, before: int) -> bool:
        """Return whether a member has joined the channel between two entries."""
        between = self._log[after : before - 1]
        return any(entry["type"] == "member_joined" and entry["member_id"] == member_id for entry in between)

    def count_unread(self, member_id: str, *, read_sequence: int) -> tuple[int, int]:
        """Return how many messages a member hasn't read, and how many of them mention it."""
        later = [each for sequence, each in self.messages.items() if sequence > read_sequence and not each["deleted"]]
        shown = [each for each in later if each["thread_sequence"] is None or each["is_broadcast"]]
        unread = sum(each["member_id"] != member_id for each in shown)
        mentions = sum(member_id in each["mentioned_ids"] for each in later)
        return min(unread, UNREAD_MAX), min(mentions, UNREAD_MAX)

    def compare(self, shown: Sequence[Mapping[str, Any]]) -> list[str]:
        """Return how the messages that the API lists differ from those that follow from the log."""
        expected = {
            sequence: each
            for sequence, each in self.messages.items()
            if (each["thread_sequence"] is None or each["is_broadcast"]) and (not each["deleted"] or each["replies"])
        }
        problems = []
        if [each["sequence"] for each in shown] != sorted(expected):
            problems.append(f"{len(shown)} messages are listed, and {len(expected)} follow from the log.")
        for each in shown:
            found = expected.get(each["sequence"])
            if found is None:
                continue
            listed, derived = _listed(each), _derived(found, is_pinned=each["sequence"] in self._pinned)
            if listed != derived:
                problems.append(f"Message {each['sequence']} is listed as {listed}, and the log says {derived}.")
        return problems

    def _message(self, entry: Entry) -> None:
        key = (entry["member_id"], entry["client_msg_id"])
        self._check(entry, entry["client_msg_id"] is None or key not in self._sent, "the same message was sent before")
        self._sent[key] = entry["sequence"]
        self._check(entry, entry["ts"] > self._last_ts, "its time isn't after that of the message before")
        self._last_ts = entry["ts"]
        root = entry["thread_sequence"]
        if root is not None:
            self._check(entry, root in self.messages, "there is no such thread")
            self._check(entry, self.messages[root]["thread_sequence"] is None, "it replies to a reply")
            self.messages[root]["replies"] += 1
        self.messages[entry["sequence"]] = {
            "member_id": entry["member_id"],
            "text": entry.get("text"),
            "thread_sequence": root,
            "is_broadcast": entry["is_broadcast"],
            "mentioned_ids": entry["mentioned_ids"],
            "edit_version": 0,
            "reactions": {},
            "replies": 0,
            "deleted": False,
        }

    def _message_edited(self, entry: Entry) -> None:
        message = self._about(entry)
        self._check(entry, message["member_id"] == entry["member_id"], "another member has written it")
        self._check(entry, entry["edit_version"] == message["edit_version"] + 1, "an edit is missing, or came twice")
        message.update(text=entry.get("text"), edit_version=entry["edit_version"], mentioned_ids=entry["mentioned_ids"])

    def _message_deleted(self, entry: Entry) -> None:
        message = self._about(entry)
        self._check(entry, entry["member_id"] in {None, message["member_id"]}, "another member has written it")
        message.update(text="", deleted=True, mentioned_ids=[], reactions={})
        self._pinned.discard(entry["message_sequence"])
        root = message["thread_sequence"]
        if root is not None:
            self.messages[root]["replies"] -= 1

    def _reaction_added(self, entry: Entry) -> None:
        members = self._about(entry)["reactions"].setdefault(entry["emoji"], [])
        self._check(entry, entry["member_id"] not in members, "it was added before")
        members.append(entry["member_id"])

    def _reaction_removed(self, entry: Entry) -> None:
        reactions = self._about(entry)["reactions"]
        members = reactions.get(entry["emoji"], [])
        self._check(entry, entry["member_id"] in members, "it wasn't there")
        reactions[entry["emoji"]] = [each for each in members if each != entry["member_id"]]
        if not reactions[entry["emoji"]]:
            del reactions[entry["emoji"]]

    def _pin_added(self, entry: Entry) -> None:
        self._about(entry)
        self._check(entry, entry["message_sequence"] not in self._pinned, "it was pinned before")
        self._pinned.add(entry["message_sequence"])

    def _pin_removed(self, entry: Entry) -> None:
        self._pinned.discard(entry["message_sequence"])

    def _member_joined(self, entry: Entry) -> None:
        self._check(entry, entry["member_id"] not in self.members, "it was in the channel before")
        self.members.add(entry["member_id"])
        self.joined[entry["member_id"]] = entry["sequence"]

    def _member_left(self, entry: Entry) -> None:
        self._check(entry, entry["member_id"] in self.members, "it wasn't in the channel")
        self.members.discard(entry["member_id"])
        self.left[entry["member_id"]] = entry["sequence"]

    def _channel_archived(self, entry: Entry) -> None:
        del entry
        self._is_archived = True

    def _other(self, entry: Entry) -> None:
        known = entry["type"] in {"channel_topic", "channel_purpose", "channel_renamed"}
        self._check(entry, known, "no member of the room does this")

    def _about(self, entry: Entry) -> dict[str, Any]:
        message = self.messages.get(entry["message_sequence"])
        self._check(entry, message is not None and not message["deleted"], "there is no such message")
        return message or {"member_id": None, "edit_version": 0, "reactions": {}, "thread_sequence": None}

    def _check(self, entry: Entry, is_true: bool, what: str) -> None:  # noqa: FBT001  # the claim comes first.
        if not is_true:
            self.problems.append(f"Entry {entry['sequence']} ({entry['type']}): {what}.")


def _listed(message: Mapping[str, Any]) -> tuple[Any, ...]:
    reactions = {each["emoji"]: each["member_ids"] for each in message["reactions"]}
    return message["text"], message["edit_version"], message["reply_count"], reactions, message["is_pinned"]


def _derived(message: Mapping[str, Any], *, is_pinned: bool) -> tuple[Any, ...]:
    return message["text"], message["edit_version"], message["replies"], message["reactions"], is_pinned
