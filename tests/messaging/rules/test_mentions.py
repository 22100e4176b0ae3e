"""Mentions as people write them, and as Slack stores them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.messaging.rules.mentions import (
    Audience,
    audience_of,
    everything_said,
    find_names,
    link_names,
    mentioned_ids,
)

SLACK_IDS = {"ines": "U0000000001", "to.mas": "U0000000002"}


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("Hello @ines", "Hello <@U0000000001>"),
        ("@ines, @to.mas.", "<@U0000000001>, <@U0000000002>."),
        ("@INES!", "<@U0000000001>!"),
        ("@here and @channel", "<!here> and <!channel>"),
        ("@everyone.", "<!everyone>."),
        ("@nobody", "@nobody"),
        ("ines@ines.example", "ines@ines.example"),
        ("`@ines` and ```\n@ines\n```", "`@ines` and ```\n@ines\n```"),
        ("<@U0000000002> and <https://a/@ines>", "<@U0000000002> and <https://a/@ines>"),
        ("(@ines)", "(<@U0000000001>)"),
        ("@@ines", "@@ines"),
    ],
)
def test_names_become_ids(written: str, stored: str) -> None:
    assert link_names(written, SLACK_IDS) == stored


@given(st.text(alphabet="@ines.to`<>! \n", max_size=60))
def test_linking_twice_changes_nothing_more(text: str) -> None:
    once = link_names(text, SLACK_IDS)

    assert link_names(once, SLACK_IDS) == once
    assert {name for name in SLACK_IDS if SLACK_IDS[name] in once} <= find_names(text)


@pytest.mark.parametrize(
    ("stored", "ids", "audience"),
    [
        ("<@U0000000001> <@U0000000002|tomas>", {"U0000000001", "U0000000002"}, None),
        ("<!here>", set(), "here"),
        ("<!here> <!channel|channel>", set(), "channel"),
        ("<!everyone>", set(), "channel"),
        ("@here <@U1> <#C0000000001>", set(), None),
    ],
)
def test_who_is_called(stored: str, ids: set[str], audience: Audience | None) -> None:
    assert set(mentioned_ids(stored)) == ids
    assert audience_of(stored) == audience


@pytest.mark.parametrize(
    ("element", "ids", "audience"),
    [
        ({"type": "user", "user_id": "U0000000001"}, {"U0000000001"}, None),
        ({"type": "broadcast", "range": "here"}, set(), "here"),
        ({"type": "broadcast", "range": "everyone"}, set(), "channel"),
        ({"type": "usergroup", "usergroup_id": "S0000000001"}, set(), None),
        ({"type": "text", "text": "<@U0000000001>"}, {"U0000000001"}, None),
    ],
)
def test_elements_of_rich_text_call(element: dict[str, str], ids: set[str], audience: Audience | None) -> None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "Hello "}, element]}
    nested = {"type": "rich_text_quote", "elements": [element]}

    said = everything_said("", [{"type": "rich_text", "elements": [section, nested]}])

    assert set(mentioned_ids(said)) == ids
    assert audience_of(said) == audience
