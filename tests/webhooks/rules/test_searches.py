"""What a search means: ids and their beginnings, types, response codes, and text as JSON can write it."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import derive_id, format_id, new_id
from ninefold.systems.webhooks.model.searches import FIRST_ID, LAST_ID, DeliveryFilter, IdRange, SearchTerm
from ninefold.systems.webhooks.rules.searches import (
    TEXT_LENGTH_MAX,
    delivery_ids_of,
    event_ids_of,
    needles_of,
    read_event_type,
    read_response_code,
    read_term,
)

texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@pytest.mark.parametrize(
    "text", ["order", "evt", "evt_8", "evt_01u", "sub_01h4", "EVT_01", "evt_01h455vb4pex5vsknk084sn02q0", "_"]
)
def test_what_is_no_beginning_of_an_id_is_a_text(text: str) -> None:
    assert read_term(text) == SearchTerm(text=text)


def test_a_whole_id_of_a_subscription_selects_its_deliveries() -> None:
    subscription_id = new_id()

    assert read_term(format_id("sub", subscription_id)) == SearchTerm(subscription_id=subscription_id)


def test_the_prefix_alone_is_the_beginning_of_every_id() -> None:
    assert read_term("evt_") == SearchTerm(event_ids=IdRange(FIRST_ID, LAST_ID))


@given(texts)
def test_every_text_has_a_meaning(text: str) -> None:
    term = read_term(text)

    assert term.text == text or text.startswith(("evt_", "dlv_", "sub_"))


@given(st.uuids(), st.integers(min_value=0, max_value=26), st.sampled_from(["evt", "dlv"]))
def test_the_beginning_of_an_id_selects_it(value: UUID, count: int, prefix: str) -> None:
    term = read_term(format_id(prefix, value)[: len(prefix) + 1 + count])
    ids = term.event_ids or term.delivery_ids

    assert ids is not None
    assert ids.first <= value <= ids.last
    assert (ids.first == ids.last) == (count == 26)


@given(st.uuids(), st.uuids())
def test_an_event_and_its_deliveries_select_each_other_by_their_time(event_id: UUID, other: UUID) -> None:
    delivery_id = derive_id(event_id, other)
    of_event = delivery_ids_of(DeliveryFilter(), read_term(format_id("evt", event_id)))
    of_delivery = event_ids_of(DeliveryFilter(), read_term(format_id("dlv", delivery_id)))

    assert of_event.first <= delivery_id <= of_event.last
    assert of_delivery.first <= event_id <= of_delivery.last


def test_a_time_selects_ids_with_room_for_the_difference_of_clocks() -> None:
    after, before = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 13, tzinfo=UTC)

    ids = event_ids_of(DeliveryFilter(accepted_after=after, accepted_before=before), SearchTerm())

    span_ms = (ids.last.int >> 80) - (ids.first.int >> 80)
    assert span_ms == (60 + 2 * 5) * 60 * 1_000


@pytest.mark.parametrize("text", ["", "x" * (TEXT_LENGTH_MAX + 1)])
def test_a_text_that_is_empty_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="1 to 255 characters"):
        read_term(text)


@pytest.mark.parametrize(
    ("event_type", "expected"),
    [
        (None, (None, "")),
        ("order.created", ("order.created", "")),
        ("order.*", (None, "order.")),
        ("order.", (None, "order.")),
        ("*", (None, "")),
    ],
)
def test_a_type_selects_itself_or_all_with_its_beginning(event_type: str | None, expected: object) -> None:
    assert read_event_type(event_type) == expected


@pytest.mark.parametrize("event_type", ["", ".", "a..", "order*", "order.*.", "a b"])
def test_what_is_no_type_is_refused(event_type: str) -> None:
    with pytest.raises(InvalidInputError):
        read_event_type(event_type)


@pytest.mark.parametrize(
    ("text", "expected"), [(None, (None, None)), ("503", (503, 503)), ("5xx", (500, 599)), ("100", (100, 100))]
)
def test_a_response_code_is_one_or_a_class(text: str | None, expected: object) -> None:
    assert read_response_code(text) == expected


@pytest.mark.parametrize("text", ["", "5", "50x", "xxx", "600", "099", "5XX", "5000", "503 "])
def test_what_is_no_response_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="isn't a response code"):
        read_response_code(text)


@given(texts, texts, texts, st.booleans())
def test_a_text_is_found_in_every_json_string_that_has_it(before: str, text: str, after: str, is_ascii: bool) -> None:  # noqa: FBT001
    payload = json.dumps({"field": [before + text + after]}, ensure_ascii=is_ascii).encode()

    assert any(needle in payload for needle in needles_of(text))


def test_a_text_is_found_with_capital_digits_in_its_escapes() -> None:
    assert rb"Gau\u00DF" in needles_of("Gauß")


def test_a_plain_text_is_looked_for_once() -> None:
    assert needles_of("cus_7") == (b"cus_7",)
    assert needles_of(None) == ()
