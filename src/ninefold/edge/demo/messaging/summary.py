"""The outcome of `ninefold demo messaging`, and how the devices are compared with the log."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ninefold.edge.demo.messaging.api import Talker
from ninefold.edge.demo.messaging.copies import ChannelCopy, CopiedMessage
from ninefold.edge.demo.messaging.devices import Device
from ninefold.edge.demo.messaging.script import SCRIPT
from ninefold.edge.simulation.copies import Entry, LogProof

_MENTION: Final = re.compile(r"<@(U[0-9A-Z]+)>|<!(channel|here)>")


class UnreadProof(msgspec.Struct, frozen=True, kw_only=True):
    """What a member hasn't read, counted by the server and by a device."""

    member: str
    read_sequence: int
    unread: int
    mentions: int
    recounted_unread: int
    """By a device, from its copy of the log."""
    recounted_mentions: int


class TimelineLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message as the channel shows it."""

    at: str
    author: str
    text: str
    is_reply: bool
    is_edited: bool
    reactions: dict[str, int]


class MessagingSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    timeline: list[TimelineLine]
    logs: dict[str, LogProof]
    """The log that was committed, and the copy of each device."""
    unread: list[UnreadProof]
    recounted: int
    """How many unread counts `ninefold messaging recount` has compared."""
    network: dict[str, int]
    killed: list[str]
    pause_s: float | None
    """How long after the kill the next message was committed."""
    offline_s: float | None
    """How long a device had no network."""
    duration_s: float
    problems: list[str]


def find_problems(log: Sequence[Entry], devices: Mapping[str, Device]) -> list[str]:
    """Return how the devices differ from the log that was committed, one sentence each; nothing if they don't."""
    problems = []
    if [entry["sequence"] for entry in log] != list(range(1, len(log) + 1)):
        problems.append("The log has gaps.")
    for name, device in devices.items():
        problems += [f"{name}: {problem}" for problem in device.problems]
        if device.copy.problem is not None:
            problems.append(f"{name}: {device.copy.problem}")
        if device.copy.log != list(log):
            problems.append(f"{name} has {len(device.copy.log)} entries, which aren't the {len(log)} of the log.")
    return problems + _find_wrong_messages(log)


def find_wrong_counts(unread: Sequence[UnreadProof]) -> list[str]:
    """Return which counts of the server differ from those of a device, one sentence each."""
    return [
        f"{each.member} has {each.unread} unread messages with {each.mentions} mentions, but a device counts "
        f"{each.recounted_unread} with {each.recounted_mentions}."
        for each in unread
        if (each.unread, each.mentions) != (each.recounted_unread, each.recounted_mentions)
    ]


def make_timeline(copy: ChannelCopy, talkers: Sequence[Talker]) -> list[TimelineLine]:
    """Return the messages of a channel, each with its replies after it."""
    by_root: dict[int, list[CopiedMessage]] = {}
    for message in copy.messages.values():
        if not message.is_deleted:
            by_root.setdefault(message.thread_sequence or message.sequence, []).append(message)
    return [make_line(message, talkers) for root in sorted(by_root) for message in by_root[root]]


def make_line(message: CopiedMessage, talkers: Sequence[Talker]) -> TimelineLine:
    """Return how a message is shown."""
    names = {talker.member_id: talker.name for talker in talkers} | {each.slack_id: each.name for each in talkers}
    return TimelineLine(
        at=message.at,
        author=names[message.member_id],
        text=_MENTION.sub(lambda found: f"@{names.get(found[1], found[2] or found[1])}", message.text),
        is_reply=message.thread_sequence is not None,
        is_edited=message.edit_version > 0,
        reactions={emoji: len(member_ids) for emoji, member_ids in message.reactions.items()},
    )


def _find_wrong_messages(log: Sequence[Entry]) -> list[str]:
    """Return what was said and isn't in the log exactly once, and what isn't in the order of its device."""
    problems = []
    sequences: dict[str, list[int]] = {}
    for entry in log:
        if entry["type"] == "message":
            sequences.setdefault(entry["client_msg_id"], []).append(entry["sequence"])
    latest: dict[str, int] = {}
    for step in SCRIPT:
        if step.kind not in {"say", "news"}:
            continue
        found = sequences.get(step.label, [])
        if len(found) != 1:
            problems.append(f"{step.label!r} was said once, and is in the log {len(found)} times.")
            continue
        if found[0] < latest.get(step.device, 0):
            problems.append(f"{step.label!r} was said later than the log says.")
        latest[step.device] = found[0]
    return problems
