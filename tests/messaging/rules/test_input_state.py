"""The state of elements as apps get it: an entry of each, also of those that nobody has filled in."""

from typing import Any

from ninefold.systems.messaging.rules.input_state import complete_state

OPTION = {"text": {"type": "plain_text", "text": "A"}, "value": "a"}


def input_block(block_id: str, kind: str, **fields: object) -> dict[str, object]:
    """Return an input block with one element."""
    return {"type": "input", "block_id": block_id, "element": {"type": kind, "action_id": "x", **fields}}


def test_what_nobody_has_filled_in_has_its_initial_value_or_none() -> None:
    blocks = [
        input_block("title", "plain_text_input", initial_value="Draft"),
        input_block("note", "plain_text_input"),
        input_block("size", "static_select", initial_option=OPTION),
        input_block("day", "datepicker"),
        input_block("who", "multi_users_select"),
    ]

    state = complete_state(blocks, {})

    assert state == {
        "title": {"x": {"type": "plain_text_input", "value": "Draft"}},
        "note": {"x": {"type": "plain_text_input", "value": None}},
        "size": {"x": {"type": "static_select", "selected_option": OPTION}},
        "day": {"x": {"type": "datepicker", "selected_date": None}},
        "who": {"x": {"type": "multi_users_select", "selected_users": []}},
    }


def test_what_was_entered_counts_also_if_it_is_empty() -> None:
    blocks = [input_block("title", "plain_text_input", initial_value="Draft"), input_block("note", "plain_text_input")]
    entered = {"title": {"x": {"type": "plain_text_input", "value": ""}}, "note": {"x": {"value": "Hello"}}}

    state = complete_state(blocks, entered)

    assert state["title"]["x"]["value"] is None
    assert state["note"]["x"] == {"type": "plain_text_input", "value": "Hello"}


def test_what_isnt_in_the_blocks_is_left_out() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "actions", "block_id": "go", "elements": [{"type": "button", "action_id": "yes"}]},
        input_block("note", "plain_text_input"),
    ]

    state = complete_state(blocks, {"other": {"x": {"value": "Hello"}}, "go": {"yes": {"value": "1"}}, "note": 1})

    assert state == {"note": {"x": {"type": "plain_text_input", "value": None}}}
