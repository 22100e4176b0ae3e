"""Which texts are event types, which are patterns, and who gets what."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.errors import InvalidEventTypeError
from ninefold.systems.webhooks.rules.event_types import (
    EVENT_TYPE_LENGTH_MAX,
    EVENT_TYPES_PER_SUBSCRIPTION_MAX,
    check_event_type,
    check_patterns,
    matches_any,
    patterns_regex,
)

TYPES = ["order", "order.created", "a.b.c.d", "Order-2.created_again", "0", "-", "_", "x" * EVENT_TYPE_LENGTH_MAX]
NOT_EVEN_PATTERNS = [
    "",
    ".",
    ".order",
    "order.",
    "order..created",
    "order created",
    "order/created",
    "bestellung.größe",
    "order.created\n",
    "order.\x00",
    "**",
    "*.created",
    "order.*.created",
    "order*",
    "order.cre*",
    "x" * (EVENT_TYPE_LENGTH_MAX + 1),
]

words = st.text("abcXYZ019_-", min_size=1, max_size=8)
event_types = st.lists(words, min_size=1, max_size=6).map(".".join)


@pytest.mark.parametrize("event_type", TYPES)
def test_a_type_may_be_published_and_subscribed_to(event_type: str) -> None:
    check_event_type(event_type, field="event_type")
    check_patterns([event_type], field="event_types")


@pytest.mark.parametrize("event_type", [*NOT_EVEN_PATTERNS, "*", "order.*"])
def test_other_texts_are_no_type(event_type: str) -> None:
    with pytest.raises(InvalidEventTypeError) as caught:
        check_event_type(event_type, field="event_type")

    assert caught.value.field == "event_type"
    assert "order.created" in str(caught.value.remedy)
    assert len(caught.value.detail) < 2 * EVENT_TYPE_LENGTH_MAX


@pytest.mark.parametrize("pattern", ["*", "order.*", "a.b.c.*"])
def test_a_pattern_may_be_subscribed_to(pattern: str) -> None:
    check_patterns([pattern], field="event_types")


@pytest.mark.parametrize("pattern", NOT_EVEN_PATTERNS)
def test_the_element_that_is_no_pattern_is_named(pattern: str) -> None:
    with pytest.raises(InvalidEventTypeError) as caught:
        check_patterns(["order.created", pattern], field="event_types")

    assert caught.value.field == "event_types[1]"


@pytest.mark.parametrize("count", [0, EVENT_TYPES_PER_SUBSCRIPTION_MAX + 1])
def test_a_subscription_has_some_patterns_but_not_too_many(count: int) -> None:
    with pytest.raises(InvalidEventTypeError, match=f"not {count}") as caught:
        check_patterns([f"type{number}" for number in range(count)], field="event_types")

    assert caught.value.field == "event_types"


def test_as_many_patterns_as_allowed_are_taken() -> None:
    check_patterns([f"type{number}" for number in range(EVENT_TYPES_PER_SUBSCRIPTION_MAX)], field="event_types")


@pytest.mark.parametrize(
    ("event_type", "patterns", "expected"),
    [
        ("order.created", ["order.created"], True),
        ("order.created", ["order.deleted", "order.created"], True),
        ("order.created", ["order"], False),
        ("order", ["order.created"], False),
        ("order.created", ["Order.created"], False),
        ("order.created", ["order.*"], True),
        ("order.created.twice", ["order.*"], True),
        ("order", ["order.*"], False),
        ("orders.created", ["order.*"], False),
        ("order.created", ["order.created.*"], False),
        ("anything.at.all", ["*"], True),
        ("anything", [], False),
    ],
)
def test_a_pattern_wants_its_types_and_no_others(event_type: str, patterns: list[str], *, expected: bool) -> None:
    assert matches_any(event_type, patterns) is expected


@given(event_types)
def test_every_type_is_wanted_by_itself_by_all_above_it_and_by_everything(event_type: str) -> None:
    check_event_type(event_type, field="event_type")
    parts = event_type.split(".")
    patterns = [event_type, "*", *[".".join(parts[:count]) + ".*" for count in range(1, len(parts))]]
    check_patterns(patterns, field="event_types")
    for pattern in patterns:
        assert matches_any(event_type, [pattern])


@given(event_types, event_types)
def test_a_pattern_for_all_below_wants_exactly_what_begins_with_it_and_a_dot(event_type: str, above: str) -> None:
    assert matches_any(event_type, [f"{above}.*"]) == event_type.startswith(f"{above}.")


SHORT_TYPES = st.from_regex(r"[ab_-]{1,2}(\.[ab_-]{1,2}){0,2}", fullmatch=True)


@given(SHORT_TYPES, st.lists(st.one_of(SHORT_TYPES, SHORT_TYPES.map(lambda above: f"{above}.*"), st.just("*"))))
def test_the_form_matches_what_the_patterns_want(event_type: str, patterns: list[str]) -> None:
    assert (re.search(patterns_regex(patterns), event_type) is not None) == matches_any(event_type, patterns)


@given(st.text(max_size=200))
def test_whatever_is_a_type_is_also_a_pattern(text: str) -> None:
    try:
        check_event_type(text, field="event_type")
    except InvalidEventTypeError:
        return
    check_patterns([text], field="event_types")
