"""Ids: the TypeID text format, ordering by time, and derived ids."""

import time
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.ids import (
    InvalidIdError,
    derive_id,
    first_id_at,
    format_id,
    ids_beginning_with,
    new_id,
    parse_id,
    time_of_id,
)

TEXT = "evt_01h455vb4pex5vsknk084sn02q"
NIL = UUID(int=0)
MAX = UUID(int=2**128 - 1)

prefixes = st.from_regex(r"[a-z]([a-z_]{0,20}[a-z])?", fullmatch=True)


# Test vectors of the TypeID 0.3 specification, and its limits.
@pytest.mark.parametrize(
    ("prefix", "uuid", "text"),
    [
        ("prefix", "01890a5d-ac96-774b-bcce-b302099a8057", "prefix_01h455vb4pex5vsknk084sn02q"),
        ("prefix", "0110c853-1d09-52d8-d73e-1194e95b5f19", "prefix_0123456789abcdefghjkmnpqrs"),
        ("prefix", "00000000-0000-0000-0000-000000000000", "prefix_00000000000000000000000000"),
        ("prefix", "00000000-0000-0000-0000-000000000001", "prefix_00000000000000000000000001"),
        ("prefix", "00000000-0000-0000-0000-00000000000a", "prefix_0000000000000000000000000a"),
        ("prefix", "00000000-0000-0000-0000-000000000010", "prefix_0000000000000000000000000g"),
        ("prefix", "00000000-0000-0000-0000-000000000020", "prefix_00000000000000000000000010"),
        ("prefix", "ffffffff-ffff-ffff-ffff-ffffffffffff", "prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ("pre_fix", "00000000-0000-0000-0000-000000000000", "pre_fix_00000000000000000000000000"),
    ],
)
def test_ids_have_the_typeid_text_format(prefix: str, uuid: str, text: str) -> None:
    assert format_id(prefix, UUID(uuid)) == text
    assert parse_id(prefix, text) == UUID(uuid)


@given(prefixes, st.uuids() | st.sampled_from([NIL, MAX]))
def test_every_id_is_parsed_back_from_its_text(prefix: str, value: UUID) -> None:
    assert parse_id(prefix, format_id(prefix, value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "evt",
        "evt_",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "sub_01h455vb4pex5vsknk084sn02q",
        "EVT_01h455vb4pex5vsknk084sn02q",
        "evt_01H455VB4PEX5VSKNK084SN02Q",
        "evt-01h455vb4pex5vsknk084sn02q",
        "evt__01h455vb4pex5vsknk084sn02q",
        "x_evt_01h455vb4pex5vsknk084sn02q",
        "evt_01h455vb4pex5vsknk084sn02",
        "evt_01h455vb4pex5vsknk084sn02q0",
        "evt_01h455vb4pex5vsknk084sn02i",
        "evt_01h455vb4pex5vsknk084sn02l",
        "evt_01h455vb4pex5vsknk084sn02o",
        "evt_01h455vb4pex5vsknk084sn02u",
        "evt_81h455vb4pex5vsknk084sn02q",
        "evt_z1h455vb4pex5vsknk084sn02q",
        "evt_é1h455vb4pex5vsknk084sn02q",
        "evt_01h455vb4pex5vsknk084sn02 ",
        " evt_01h455vb4pex5vsknk084sn02q",
        "evt_01h455vb4pex5vsknk084sn02q\n",
        "evt_\u06601h455vb4pex5vsknk084sn02q",
        "evt_01890a5d-ac96-774b-bcce-b302099a8057",
    ],
)
def test_an_invalid_text_is_refused(text: str) -> None:
    parse_id("evt", TEXT)

    with pytest.raises(InvalidIdError, match="evt_…"):
        parse_id("evt", text)


def test_a_long_text_is_shortened_in_the_error() -> None:
    with pytest.raises(InvalidIdError) as caught:
        parse_id("evt", "evt_" + "x" * 10_000)

    assert len(str(caught.value)) < 200


@given(st.text(max_size=40))
def test_an_id_has_only_one_valid_text(text: str) -> None:
    try:
        value = parse_id("evt", text)
    except InvalidIdError:
        return
    assert format_id("evt", value) == text


@given(st.uuids(), st.uuids())
def test_texts_sort_like_their_ids(one: UUID, other: UUID) -> None:
    assert (format_id("evt", one) < format_id("evt", other)) == (one < other)


def test_a_new_id_is_a_uuid_of_version_7_with_the_current_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_123_456_789)

    value = new_id()

    assert (value.version, value.variant) == (7, RFC_4122)
    assert value.int >> 80 == 1_767_225_600_123


def test_ids_sort_by_creation_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for millisecond in range(1_000):
        monkeypatch.setattr(time, "time_ns", lambda now=millisecond: (1_767_225_600_000 + now) * 1_000_000)
        made.append(new_id())

    assert made == sorted(made)
    assert [format_id("evt", value) for value in made] == sorted(format_id("evt", value) for value in made)


def test_ids_of_the_same_millisecond_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 1_767_225_600_000_000_000)

    assert len({new_id() for _ in range(10_000)}) == 10_000


def test_a_derived_id_is_the_same_in_every_process() -> None:
    parent = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    other = UUID("01890a5d-ac96-774b-bcce-b302099a8058")

    assert derive_id(parent, other) == derive_id(parent, other)
    assert derive_id(parent, other) == UUID("01890a5d-ac96-87db-a0b3-23db390d01f6")


@given(st.uuids(), st.uuids())
def test_a_derived_id_has_version_8_and_the_time_of_its_parent(parent: UUID, other: UUID) -> None:
    derived = derive_id(parent, other)

    assert (derived.version, derived.variant) == (8, RFC_4122)
    assert derived.int >> 80 == parent.int >> 80
    assert parse_id("dlv", format_id("dlv", derived)) == derived


def test_different_pairs_have_different_derived_ids() -> None:
    parents, others = [new_id() for _ in range(100)], [uuid4() for _ in range(100)]

    derived = {derive_id(parent, other) for parent in parents for other in others}

    assert len(derived) == 10_000
    assert derive_id(parents[0], others[0]) != derive_id(others[0], parents[0])


def test_the_first_id_of_a_time_is_between_the_ids_before_and_after_it() -> None:
    before = new_id()
    moment = datetime.now(UTC) + timedelta(seconds=1)
    first = first_id_at(moment)

    assert before < first
    assert first.int >> 80 == int(moment.timestamp() * 1_000)
    assert derive_id(first, before) > first


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00+00:00", NIL),
        ("1970-01-01T00:00:00+14:00", NIL),
        ("2001-09-09T01:46:40.123456+00:00", UUID(int=1_000_000_000_123 << 80)),
        ("2286-11-20T17:46:40+00:00", UUID(int=10_000_000_000_000 << 80)),
    ],
)
def test_the_first_id_of_any_time_has_its_milliseconds(text: str, expected: UUID) -> None:
    assert first_id_at(datetime.fromisoformat(text)) == expected


@given(prefixes, st.uuids(), st.integers(min_value=0, max_value=26))
def test_the_ids_that_begin_with_a_text_are_those_between_two(prefix: str, value: UUID, count: int) -> None:
    text = format_id(prefix, value)[: len(prefix) + 1 + count]

    first, last = ids_beginning_with(prefix, text)

    assert first <= value <= last
    assert format_id(prefix, first).startswith(text)
    assert format_id(prefix, last).startswith(text)


@pytest.mark.parametrize("text", ["", "evt", "sub_01h4", "evt_8", "evt_01u", f"{TEXT}0"])
def test_no_id_begins_with_what_has_another_prefix_or_alphabet_or_is_too_long(text: str) -> None:
    with pytest.raises(InvalidIdError):
        ids_beginning_with("evt", text)


def test_an_id_has_its_time() -> None:
    moment = datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC)

    assert time_of_id(first_id_at(moment)) == moment
