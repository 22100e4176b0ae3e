"""The referee of simulated rooms: a referee that never objects would prove nothing."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parents[4] / "bench" / "messaging" / "room_referee.py"
INES, TOMAS = "mem_ines", "mem_tomas"
Entry = dict[str, Any]


def referee_of(log: list[Entry]) -> Any:
    """Load the referee; the program isn't part of a package."""
    spec = importlib.util.spec_from_file_location("room_referee", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entries = [{"sequence": number, **entry} for number, entry in enumerate(log, start=1)]
    return module.RoomReferee(entries, is_private=False)


def entry(kind: str, member_id: str, about: int | None = None, **fields: Any) -> Entry:
    return {"type": kind, "member_id": member_id, "message_sequence": about, **fields}


def message(member_id: str, number: int, **fields: Any) -> Entry:
    fields = {"thread_sequence": None, "is_broadcast": False, "mentioned_ids": [], "text": "hello", **fields}
    return entry("message", member_id, client_msg_id=f"id-{number}", ts=f"{number}.000000", **fields)


JOINED = [entry("member_joined", INES), entry("member_joined", TOMAS)]
GOOD = [
    *JOINED,
    message(INES, 3, mentioned_ids=[TOMAS]),
    message(TOMAS, 4, thread_sequence=3),
    entry("message_edited", INES, 3, text="hallo", edit_version=1, mentioned_ids=[]),
    entry("reaction_added", TOMAS, 3, emoji="tada"),
    message(INES, 7),
    entry("message_deleted", INES, 7),
    entry("member_left", TOMAS),
    entry("channel_archived", INES),
]


def test_a_right_log_has_no_problem_and_gives_the_messages_and_the_counts() -> None:
    referee = referee_of(GOOD)
    reactions = [{"emoji": "tada", "member_ids": [TOMAS]}]
    listed = {"sequence": 3, "text": "hallo", "edit_version": 1, "reply_count": 1, "reactions": reactions}

    assert referee.judge() == []
    assert referee.compare([{**listed, "is_pinned": False}]) == []
    assert referee.compare([{**listed, "is_pinned": True}]) != []
    assert referee.compare([]) != []
    assert (referee.members, referee.left) == ({INES}, {TOMAS: 9})
    assert referee.count_unread(TOMAS, read_sequence=0) == (1, 0)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ([*JOINED, message(INES, 3), message(INES, 3)], "the same message was sent before"),
        ([*JOINED, message(INES, 4), message(TOMAS, 3)], "its time isn't after"),
        ([message(INES, 1)], "who did it wasn't in the channel"),
        ([*JOINED, *JOINED], "it was in the channel before"),
        ([*JOINED, entry("channel_archived", INES), message(INES, 4)], "it was archived"),
        ([*JOINED, message(INES, 3), entry("reaction_removed", INES, 3, emoji="tada")], "it wasn't there"),
        ([*JOINED, message(INES, 3), entry("message_edited", INES, 3, edit_version=2, mentioned_ids=[])], "an edit is"),
        (
            [*JOINED, message(INES, 3), entry("message_edited", TOMAS, 3, edit_version=1, mentioned_ids=[])],
            "another member has written it",
        ),
        (
            [*JOINED, message(INES, 3), entry("message_deleted", INES, 3), entry("message_deleted", INES, 3)],
            "there is no such message",
        ),
    ],
)
def test_a_wrong_log_has_a_problem(wrong: list[Entry], problem: str) -> None:
    assert any(problem in found for found in referee_of(wrong).judge())
