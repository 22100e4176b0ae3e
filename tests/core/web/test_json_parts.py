"""Parts of JSON text are those that a decoder finds, also where no decoder gets through."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.web import json_parts
from ninefold.core.web.json_parts import find_unpaired_surrogate, nesting_depth, split_list, split_object

TEXT = st.text(st.sampled_from('a"\\[]{},: \n') | st.characters(codec="utf-8"))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)
BLANKS = st.sampled_from(["", " ", "\n", "\t \r"])


@given(value=st.lists(VALUE), blank=BLANKS, is_ascii=st.booleans())
def test_a_list_is_split_into_the_items_that_a_decoder_finds(*, value: list[Any], blank: str, is_ascii: bool) -> None:
    separators = (f"{blank},{blank}", f"{blank}:{blank}")
    text = (blank + json.dumps(value, separators=separators, ensure_ascii=is_ascii) + blank).encode()

    assert split_list(text) == [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]


@given(value=st.dictionaries(TEXT, VALUE), blank=BLANKS, is_ascii=st.booleans())
def test_an_object_is_split_into_the_members_that_a_decoder_finds(
    *, value: dict[str, Any], blank: str, is_ascii: bool
) -> None:
    separators = (f"{blank},{blank}", f"{blank}:{blank}")
    text = json.dumps(value, separators=separators, ensure_ascii=is_ascii).encode()

    found = split_object(text)

    assert found is not None
    decoded = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    assert {json.loads(name): member for name, member in found} == {key: bytes(raw) for key, raw in decoded.items()}


@given(st.binary() | st.text('[]{},:"\\ a1').map(str.encode))
def test_no_bytes_raise_an_error_and_no_decodable_list_is_missed(text: bytes) -> None:
    found = split_list(text)
    split_object(text)
    try:
        expected = [bytes(item) for item in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        return

    assert found == expected


@pytest.mark.parametrize(
    "text", [b"", b" ", b"{}", b"1", b"[", b"[1", b"[1,]", b"[,]", b"[1]]", b"[1]1", b'["]', b"[{]}", b"]", b'["\\"]']
)
def test_what_has_no_items_that_can_be_told_apart_is_not_split(text: bytes) -> None:
    assert split_list(text) is None


@pytest.mark.parametrize("text", [b"[]", b"{1}", b'{"a"}', b'{"a" 1}', b"{a:1}", b'{"a":1,}', b'{"a"'])
def test_what_has_no_members_is_not_split(text: bytes) -> None:
    assert split_object(text) is None


def test_items_of_any_depth_are_told_apart() -> None:
    deep = b"[" * 100_000 + b"]" * 100_000

    assert split_list(b"[1," + deep + b",2]") == [b"1", deep, b"2"]


def test_a_text_with_too_many_parts_is_not_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parts, "STEPS_MAX", 5)

    assert split_list(b"[1,2,3,4]") == [b"1", b"2", b"3", b"4"]
    assert split_list(b"[1,2,3,4,5]") is None


@given(VALUE)
def test_the_depth_is_that_of_the_value(value: Any) -> None:
    assert nesting_depth(msgspec.json.encode(value)) == _depth_of(value)


def _depth_of(value: Any) -> int:
    match value:
        case list():
            return 1 + max(map(_depth_of, value), default=0)
        case dict():
            return 1 + max(map(_depth_of, value.values()), default=0)
        case _:
            return 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (rb'"\ud83d"', (1, "\\ud83d")),
        (rb'"\ud83d\ud83d\ude00"', (1, "\\ud83d")),
        (rb'"\ud83d\u0041"', (1, "\\ud83d")),
        (rb'"ab\uDE00"', (3, "\\uDE00")),
        (rb'"\\\ud83d"', (3, "\\ud83d")),
        (rb'"\\ud83d"', None),
        (rb'"\ud83d\ude00"', None),
        (rb'"\u00e9"', None),
        (b'"\xf0\x9f\x98\x80"', None),
    ],
)
def test_half_a_character_is_found_and_a_whole_one_is_not(text: bytes, found: tuple[int, str] | None) -> None:
    assert find_unpaired_surrogate(text) == found


@given(st.text(st.characters()))
def test_a_text_has_half_a_character_where_it_cannot_be_written_in_utf8(text: str) -> None:
    encoded = json.dumps(text).encode()
    try:
        msgspec.json.decode(encoded)
    except msgspec.DecodeError:
        assert find_unpaired_surrogate(encoded) is not None
    else:
        assert find_unpaired_surrogate(encoded) is None
