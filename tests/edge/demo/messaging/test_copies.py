from typing import Any

import pytest

from ninefold.edge.demo.messaging.copies import ChannelCopy, CountedUnread
from ninefold.edge.simulation.copies import Entry

INES, TOMAS = "mem_ines", "mem_tomas"


def entry(sequence: int, kind: str, member_id: str = INES, **fields: Any) -> Entry:
    at = "2026-11-27T12:00:00Z"
    return {"sequence": sequence, "type": kind, "at": at, "member_id": member_id, "message_sequence": None, **fields}


def message(sequence: int, member_id: str = INES, **fields: Any) -> Entry:
    default = {"client_msg_id": f"id-{sequence}", "text": "hello", "blocks": None, "thread_sequence": None}
    return entry(sequence, "message", member_id, **{**default, "is_broadcast": False, "mentioned_ids": [], **fields})


def copy_of(*entries: Entry) -> ChannelCopy:
    copy = ChannelCopy()
    for each in entries:
        copy.receive(each)
    return copy


def test_messages_are_as_they_are_after_the_last_entry() -> None:
    copy = copy_of(
        message(1),
        entry(2, "message_edited", message_sequence=1, text="hallo", blocks=None, edit_version=1, mentioned_ids=[]),
        entry(3, "reaction_added", TOMAS, message_sequence=1, emoji="tada"),
        entry(4, "reaction_added", INES, message_sequence=1, emoji="tada"),
        entry(5, "reaction_removed", TOMAS, message_sequence=1, emoji="tada"),
    )

    found = copy.find("id-1")

    assert found is not None
    assert (found.text, found.edit_version, found.reactions) == ("hallo", 1, {"tada": [INES]})
    assert copy.problem is None


def test_what_a_deleted_message_said_is_removed_from_the_copy() -> None:
    copy = copy_of(
        message(1),
        entry(2, "message_edited", message_sequence=1, text="x", blocks=None, edit_version=1, mentioned_ids=[]),
        entry(3, "message_deleted", message_sequence=1, ts="1.0", thread_sequence=None),
    )

    assert copy.messages[1].is_deleted
    assert not any("text" in each or "blocks" in each for each in copy.log)
    assert copy.count_unread(TOMAS, read_sequence=0) == CountedUnread(0, 0)


def test_messages_of_others_and_mentions_are_unread() -> None:
    copy = copy_of(
        message(1),
        message(2, TOMAS),
        message(3, mentioned_ids=[TOMAS]),
        message(4, thread_sequence=1),
        message(5, thread_sequence=1, is_broadcast=True),
        message(6, thread_sequence=1, mentioned_ids=[TOMAS]),
    )

    assert copy.count_unread(TOMAS, read_sequence=0) == CountedUnread(unread=3, mentions=2)
    assert copy.count_unread(TOMAS, read_sequence=3) == CountedUnread(unread=1, mentions=1)


@pytest.mark.parametrize(
    "wrong",
    [
        entry(2, "message_deleted", message_sequence=7, ts="1.0", thread_sequence=None),
        entry(2, "reaction_removed", message_sequence=1, emoji="tada"),
    ],
)
def test_an_entry_about_what_isnt_there_is_a_problem(wrong: Entry) -> None:
    copy = copy_of(message(1), wrong)

    assert copy.problem is not None
    assert copy.is_ended
