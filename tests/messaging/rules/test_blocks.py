"""Which blocks are accepted, and what is said of others."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.messaging.rules.blocks import fill_ids, find_problem

BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Deploy"}, "action_id": "deploy"}
OPTION = {"text": {"type": "plain_text", "text": "Blue"}, "value": "blue"}
LABEL = {"type": "plain_text", "text": "Colour"}
MARKED = {"type": "mrkdwn", "text": "*Version 12*"}
IMAGE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "A chart"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "section", "text": MARKED, "accessory": BUTTON},
        {"type": "section", "fields": [MARKED, LABEL], "accessory": IMAGE},
        {"type": "header", "text": LABEL},
        {"type": "divider", "block_id": "line"},
        {"type": "context", "elements": [IMAGE, MARKED, LABEL]},
        {**IMAGE, "title": LABEL},
        {"type": "actions", "elements": [BUTTON, {"type": "static_select", "options": [OPTION]}]},
        {"type": "actions", "elements": [{"type": "users_select", "placeholder": LABEL}, {"type": "datepicker"}]},
        {"type": "input", "label": LABEL, "element": {"type": "plain_text_input", "multiline": True}},
        {"type": "input", "label": LABEL, "element": {"type": "checkboxes", "options": [OPTION]}, "optional": True},
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "Hi ", "style": {"bold": True}}]},
                {
                    "type": "rich_text_list",
                    "style": "bullet",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "user", "user_id": "U1"}]}],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "make"}]},
            ],
        },
    ],
)
def test_blocks_as_slack_documents_them_are_accepted(block: Any) -> None:
    assert find_problem([block]) is None


@pytest.mark.parametrize(
    ("blocks", "reason", "pointer", "field"),
    [
        ([{"type": "video"}], "unsupported type: video", "/blocks/0/type", "blocks[0].type"),
        ([{}], "missing required field: type", "/blocks/0", "blocks[0]"),
        ([{"type": "section"}], "missing required field: text", "/blocks/0", "blocks[0]"),
        (
            [{"type": "header", "text": MARKED}],
            "unsupported type: mrkdwn",
            "/blocks/0/text/type",
            "blocks[0].text.type",
        ),
        (
            [{"type": "divider"}, {"type": "header", "text": {**LABEL, "text": "x" * 151}}],
            "must be less than 151 characters",
            "/blocks/1/text/text",
            "blocks[1].text.text",
        ),
        (
            [{"type": "section", "text": {**MARKED, "text": ""}}],
            "must be more than 0 characters",
            "/blocks/0/text/text",
            "blocks[0].text.text",
        ),
        (
            [{"type": "actions", "elements": [BUTTON] * 26}],
            "no more than 25 items allowed",
            "/blocks/0/elements",
            "blocks[0].elements",
        ),
        ([{"type": "divider"}] * 51, "no more than 50 items allowed", "/blocks", "blocks"),
        (
            [{"type": "divider", "block_id": "a"}] * 2,
            "block_id has to be unique",
            "/blocks/1/block_id",
            "blocks[1].block_id",
        ),
        (
            [{"type": "section", "text": "Hi"}],
            "failed to match all allowed schemas: expected `object | null`, got `str`",
            "/blocks/0/text",
            "blocks[0].text",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(blocks: list[Any], reason: str, pointer: str, field: str) -> None:
    problem = find_problem(blocks)

    assert problem is not None
    assert (problem.reason, problem.pointer, problem.field) == (reason, pointer, field)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["section", "actions", "button"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "elements", "element", "fields", "accessory"]), inner)
    ),
    max_leaves=20,
)


@given(st.lists(JSON, max_size=4))
def test_no_json_makes_the_check_fail_and_what_passes_gets_its_ids(blocks: list[Any]) -> None:
    problem = find_problem(blocks)

    if problem is None:
        ids = map(str, count())
        assert find_problem(fill_ids(blocks, new_id=lambda: next(ids))) is None
    else:
        assert problem.reason
        assert problem.pointer.startswith("/blocks")


def test_blocks_and_elements_get_the_ids_that_they_lack() -> None:
    ids = ids_from_one()
    blocks: list[dict[str, Any]] = [
        {"type": "actions", "elements": [BUTTON, {**BUTTON, "action_id": None}]},
        {"type": "section", "text": MARKED, "accessory": IMAGE, "block_id": "mine"},
        {"type": "input", "label": LABEL, "element": {"type": "datepicker"}},
    ]

    actions, section, field = fill_ids(blocks, new_id=lambda: next(ids))

    assert [element["action_id"] for element in actions["elements"]] == ["deploy", "2"]
    assert (actions["block_id"], section, field["block_id"]) == ("1", blocks[1], "3")
    assert field["element"] == {"type": "datepicker", "action_id": "4"}


def ids_from_one() -> Iterator[str]:
    return map(str, count(1))
