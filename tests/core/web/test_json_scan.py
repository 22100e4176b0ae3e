"""Where things stand in JSON text, also where no decoder gets through."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.web import json_scan
from ninefold.core.web.json_scan import find_unpaired_surrogate, is_nested_deeper, path_of_byte, path_of_level

TEXT = st.text(st.sampled_from('a"\\[]{},: \n') | st.characters(codec="utf-8"))
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=20,
)


@given(VALUE)
def test_a_value_is_nested_as_deeply_as_it_is(value: Any) -> None:
    text = msgspec.json.encode(value)
    depth = _depth_of(value)

    assert not is_nested_deeper(text, depth)
    assert depth == 0 or is_nested_deeper(text, depth - 1)


def _depth_of(value: Any) -> int:
    match value:
        case list():
            return 1 + max(map(_depth_of, value), default=0)
        case dict():
            return 1 + max(map(_depth_of, value.values()), default=0)
        case _:
            return 0


@pytest.mark.parametrize(
    ("before", "path"),
    [
        ('{"events":[1,2,{"event_type":"a","payload":', "events[2].payload"),
        ('{"a":1', "a"),
        ('{"a":1,', ""),
        ('{"a":1,"b', "b"),
        ('{"a":{"b":1},"c":[', "c[0]"),
        ('{"a":[[1,[2]],["},{[', "a[1][0]"),
        ('{"a\\"]":[1,"\\\\",', 'a\\"][2]'),
        ('{"a":1}', ""),
        ("[1,2", "[1]"),
        ("1", ""),
        ("", ""),
        ("]},", ""),
        ('{"a":{"b":{"c":{"d":{"e":', "a.b.c.d"),
        ('{"é":', "é"),
    ],
)
def test_a_byte_has_the_path_of_what_it_is_part_of(before: str, path: str) -> None:
    text = before.encode()

    assert path_of_byte(text + b'!,"after":[1]', len(text)) == path


@given(st.lists(VALUE), st.integers(min_value=0, max_value=3))
def test_a_list_has_as_many_items_before_a_byte_as_a_decoder_finds(values: list[Any], index: int) -> None:
    before = json.dumps({"items": values[:index]})[:-2] + ("," if values[:index] else "")

    assert path_of_byte(before.encode(), len(before.encode())) == f"items[{len(values[:index])}]"


@given(st.binary() | st.text('[]{},:"\\ a1').map(str.encode), st.integers(min_value=0))
def test_no_bytes_raise_an_error(text: bytes, position: int) -> None:
    assert isinstance(path_of_byte(text, position) + path_of_level(text, 1), str)


def test_a_path_ends_where_a_level_begins() -> None:
    assert path_of_level(b'{"a":[1,[2]],"b":[[{"c":[]}]]}', 3) == "b[0][0]"
    assert path_of_level(b'{"a":[1,[2]]}', 3) == ""


def test_no_path_is_looked_for_behind_too_many_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_scan, "PATH_TOKENS_MAX", 4)

    assert path_of_byte(b"[1,2,3,4", 8) == "[3]"
    assert path_of_byte(b"[1,2,3,4,5", 10) == ""


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
