"""Which strings are event types or patterns, and which types a pattern matches."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.errors import InvalidEventTypeError
from ninefold.systems.webhooks.rules.event_types import (
    EVENT_TYPE_LENGTH_MAX,
    EVENT_TYPES_PER_SUBSCRIPTION_MAX,
    check_event_type,
    check_pattern,
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
def test_a_valid_type_can_be_published_and_subscribed_to(event_type: str) -> None:
    check_event_type(event_type, field="event_type")
    check_patterns([event_type], field="event_types")


@pytest.mark.parametrize("event_type", [*NOT_EVEN_PATTERNS, "*", "order.*"])
def test_other_strings_are_not_types(event_type: str) -> None:
    with pytest.raises(InvalidEventTypeError) as caught:
        check_event_type(event_type, field="event_type")

    assert caught.value.field == "event_type"
    assert "order.created" in str(caught.value.remedy)
    assert len(caught.value.detail) < 2 * EVENT_TYPE_LENGTH_MAX


@pytest.mark.parametrize("pattern", ["*", "order.*", "a.b.c.*"])
def test_a_valid_pattern_can_be_subscribed_to(pattern: str) -> None:
    check_patterns([pattern], field="event_types")


@pytest.mark.parametrize("pattern", NOT_EVEN_PATTERNS)
def test_the_error_names_the_invalid_pattern(pattern: str) -> None:
    with pytest.raises(InvalidEventTypeError) as caught:
        check_patterns(["order.created", pattern], field="event_types")

    assert caught.value.field == "event_types[1]"


@pytest.mark.parametrize("count", [0, EVENT_TYPES_PER_SUBSCRIPTION_MAX + 1])
def test_a_subscription_without_patterns_or_with_too_many_is_refused(count: int) -> None:
    with pytest.raises(InvalidEventTypeError, match=f"not {count}") as caught:
        check_patterns([f"type{number}" for number in range(count)], field="event_types")

    assert caught.value.field == "event_types"


def test_the_maximum_number_of_patterns_is_accepted() -> None:
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
        # Private types are those of forwarded requests.
        ("_forward.callbacks.src_1", ["*"], False),
        ("_forward.callbacks.src_1", ["_forward.*", "_forward.callbacks.*"], False),
        ("_forward.callbacks.src_1", ["*", "_forward.callbacks.src_1"], True),
        ("_forwarded.order", ["*"], True),
        ("_forward", ["*"], True),
    ],
)
def test_a_pattern_matches_its_types_and_no_others(event_type: str, patterns: list[str], *, expected: bool) -> None:
    assert matches_any(event_type, patterns) is expected


def test_a_private_type_can_be_subscribed_to_but_not_published() -> None:
    check_patterns(["_forward.callbacks.src_1"], field="event_types")

    with pytest.raises(InvalidEventTypeError, match="private"):
        check_event_type("_forward.callbacks.src_1", field="event_type")


def test_types_of_verified_callbacks_are_published_by_systems_only() -> None:
    with pytest.raises(InvalidEventTypeError, match="Only verified callbacks") as refused:
        check_event_type("callback.stripe.charge", field="event_type")
    assert "POST /api/v1/sources" in str(refused.value.remedy)

    check_event_type("callback.stripe.charge", field="event_type", is_by_user=False)
    check_event_type("callbacks.stripe", field="event_type")
    check_event_type("callback", field="event_type")


@given(event_types)
def test_every_type_matches_itself_the_patterns_of_its_parents_and_the_wildcard(event_type: str) -> None:
    check_event_type(event_type, field="event_type")
    parts = event_type.split(".")
    patterns = [event_type, "*", *[".".join(parts[:count]) + ".*" for count in range(1, len(parts))]]
    check_patterns(patterns, field="event_types")
    for pattern in patterns:
        assert matches_any(event_type, [pattern])


@given(event_types, event_types)
def test_a_wildcard_pattern_matches_exactly_the_types_with_its_prefix(event_type: str, above: str) -> None:
    assert matches_any(event_type, [f"{above}.*"]) == event_type.startswith(f"{above}.")


SHORT_TYPES = st.one_of(
    st.from_regex(r"[ab_-]{1,2}(\.[ab_-]{1,2}){0,2}", fullmatch=True),
    st.from_regex(r"_forward(\.[ab_-]{1,2}){0,2}", fullmatch=True),
)


@given(SHORT_TYPES, st.lists(st.one_of(SHORT_TYPES, SHORT_TYPES.map(lambda above: f"{above}.*"), st.just("*"))))
def test_the_regex_matches_the_same_types_as_the_patterns(event_type: str, patterns: list[str]) -> None:
    assert (re.search(patterns_regex(patterns), event_type) is not None) == matches_any(event_type, patterns)


@given(st.text(max_size=200))
def test_every_type_is_also_a_pattern(text: str) -> None:
    try:
        check_event_type(text, field="event_type")
    except InvalidEventTypeError:
        return
    check_patterns([text], field="event_types")


@pytest.mark.parametrize(
    ("pattern", "is_match"),
    [
        ("*", False),
        ("ninefold.*", True),
        ("ninefold.alert.*", True),
        ("ninefold.alert.fired", True),
        ("order.*", False),
    ],
)
def test_alerts_are_only_received_by_who_asks_for_them(pattern: str, *, is_match: bool) -> None:
    assert matches_any("ninefold.alert.fired", [pattern]) is is_match
    assert bool(re.match(patterns_regex([pattern]), "ninefold.alert.fired")) is is_match


def test_users_cannot_publish_alerts_but_ninefold_can() -> None:
    with pytest.raises(InvalidEventTypeError, match="which only Ninefold publishes"):
        check_event_type("ninefold.alert.fired", field="event_type")
    check_event_type("ninefold.alert.fired", field="event_type", is_by_user=False)


@pytest.mark.parametrize("pattern", ["ninefold.alert.nothing", "ninefold.alert.fired.*"])
def test_a_pattern_that_no_alert_can_match_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidEventTypeError) as caught:
        check_patterns(["order.*", pattern], field="event_types")
    assert caught.value.field == "event_types[1]"
    assert caught.value.remedy == "Use ninefold.alert.*, ninefold.alert.fired or ninefold.alert.resolved."


def test_the_beginning_of_an_alert_can_be_searched_for() -> None:
    check_pattern("ninefold.alert.re", field="event_type")
