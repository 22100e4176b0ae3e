"""What the members of a simulated room do: each step of each device follows from a seed."""

import random
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from ninefold.edge.demo.messaging.copies import ChannelCopy, CopiedMessage

KINDS: Final = {
    "post": 50,
    "reply": 10,
    "broadcast": 4,
    "edit": 7,
    "delete": 4,
    "react": 8,
    "unreact": 4,
    "read": 12,
    "pin": 2,
    "topic": 2,
    "leave": 3,
    "join": 4,
    "kick": 2,
    "invite": 9,
}
"""How often each kind of step is tried, relative to the others."""

EMOJI: Final = ("tada", "eyes", "+1", "heart")
RECENT: Final = 12
"""From how many of the latest messages a step chooses one."""

WORDS: Final = ("the", "release", "is", "late", "Größe", "3", "π", "☕", "<b>not bold</b>", "\\", '"', "日本語")


class Action(NamedTuple):
    """A request that a device sends."""

    method: str
    path: str
    """After that of the channel."""
    body: dict[str, Any] | None


class Room(NamedTuple):
    """Who is in a room, by member id, and the mentions of each of them."""

    member_ids: Sequence[str]
    names: Sequence[str]


def choose(copy: ChannelCopy, room: Room, *, own_id: str, name: str, dice: random.Random) -> Action:
    """Return what a device does next.

    Args:
        copy: the channel as the device knows it.
        room: who could be in it.
        own_id: the member of the device.
        name: of the step, unique for the member.
        dice: decides.
    """
    kind = dice.choices(list(KINDS), weights=list(KINDS.values()))[0]
    recent = [each for each in list(copy.messages.values())[-RECENT:] if not each.is_deleted]
    own = [each for each in recent if each.member_id == own_id]
    # The first member is always in the channel: it archives it in the end.
    if kind in {"join", "kick", "invite"} or (kind == "leave" and own_id != room.member_ids[0]):
        return _move(kind, room, dice)
    if kind == "topic":
        return Action("PATCH", "", {"topic": _text(dice)})
    if kind == "read" and copy.last_sequence:
        return Action("POST", "/read", {"sequence": dice.randint(1, copy.last_sequence)})
    if kind in {"react", "unreact", "pin"} and recent:
        return _mark(kind, recent, dice)
    if kind in {"edit", "delete"} and own:
        return _change(kind, own, dice)
    root = dice.choice(recent).sequence if kind in {"reply", "broadcast"} and recent else None
    return _post(room, name, dice, thread_sequence=root, is_broadcast=root is not None and kind == "broadcast")


def _move(kind: str, room: Room, dice: random.Random) -> Action:
    if kind == "kick":
        return Action("POST", "/kick", {"kicked_member_id": dice.choice(room.member_ids[1:])})
    if kind == "invite":
        return Action("POST", "/invite", {"member_ids": dice.sample(list(room.member_ids), 2)})
    return Action("POST", f"/{kind}", {})


def _post(room: Room, name: str, dice: random.Random, **fields: Any) -> Action:
    mention = f" @{dice.choice([*room.names, 'channel', 'here', 'nobody'])}" if dice.random() < 0.3 else ""  # noqa: PLR2004
    return Action("POST", "/messages", {"text": f"{_text(dice)}{mention}", "client_msg_id": name, **fields})


def _change(kind: str, own: Sequence[CopiedMessage], dice: random.Random) -> Action:
    message = dice.choice(own)
    if kind == "delete":
        return Action("DELETE", f"/messages/{message.sequence}", None)
    body = {"text": _text(dice), "edit_version": message.edit_version}
    return Action("PATCH", f"/messages/{message.sequence}", body)


def _mark(kind: str, recent: Sequence[CopiedMessage], dice: random.Random) -> Action:
    path = f"/messages/{dice.choice(recent).sequence}"
    if kind == "pin":
        return Action("PUT", f"{path}/pin", {})
    emoji = dice.choice(EMOJI)
    return (
        Action("PUT", f"{path}/reactions/{emoji}", {})
        if kind == "react"
        else Action("DELETE", f"{path}/reactions/{emoji}", None)
    )


def _text(dice: random.Random) -> str:
    return " ".join(dice.choices(WORDS, k=dice.randint(1, 12)))
