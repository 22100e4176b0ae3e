"""Counts what a member hasn't read by replaying the log, to compare it with what the database counts."""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What of an entry of a channel's log matters for counting. Members are texts `mem_…`."""

    sequence: int
    type: str
    member_id: str | None
    message_sequence: int | None = None
    thread_sequence: int | None = None
    is_broadcast: bool = False
    mentioned_ids: list[str] = []


class Counted(NamedTuple):
    """How many messages a member hasn't read, and how many of those mention it."""

    unread: int
    mentions: int


def recount(entries: Iterable[LogEntry], *, member_id: str, read_sequence: int, until: int, limit: int) -> Counted:
    """Count what a member hasn't read.

    Args:
        entries: the log of the channel, from its first entry on.
        member_id: the member.
        read_sequence: how far it has read.
        until: the last sequence that counts.
        limit: both counts end here.
    """
    messages: dict[int, LogEntry] = {}
    mentioned: dict[int, bool] = {}
    for entry in entries:
        if entry.sequence > until:
            break
        about = entry.sequence if entry.message_sequence is None else entry.message_sequence
        if entry.type == "message":
            messages[about] = entry
        if entry.type in ("message", "message_edited"):
            mentioned[about] = member_id in entry.mentioned_ids
        if entry.type == "message_deleted":
            messages.pop(about, None)
            mentioned.pop(about, None)
    later = {sequence: entry for sequence, entry in messages.items() if sequence > read_sequence}
    unread = sum(
        entry.member_id != member_id and (entry.thread_sequence is None or entry.is_broadcast)
        for entry in later.values()
    )
    mentions = sum(mentioned[sequence] for sequence in later)
    return Counted(min(unread, limit), min(mentions, limit))
