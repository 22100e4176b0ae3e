import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.execution.errors import FileCommandError
from ninefold.systems.workflows.execution.pairs import read_pairs

NAME = st.text("abc_-", min_size=1, max_size=5)
VALUE = st.text("ab=<\n\r EOF", max_size=20)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n\na=b\n", [("a", "b")]),
        ("a=b=c<<d", [("a", "b=c<<d")]),
        ("a=", [("a", "")]),
        ("a=b\r\n", [("a", "b\r")]),
        ("a<<EOF\none\ntwo\nEOF\n", [("a", "one\ntwo")]),
        ("a<<EOF\nEOF", [("a", "")]),
        ("a<<EOF\n\nEOF\nb=1", [("a", ""), ("b", "1")]),
        ("a<<EOF\n\n\nEOF\n", [("a", "\n")]),
        ("a<< EOF\nx\n EOF\n", [("a", "x")]),
        ("a<<E=F\nx=1\nE=F\n", [("a", "x=1")]),
        ("a b<<x<<y\n1\nx<<y", [("a b", "1")]),
    ],
)
def test_pairs(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(read_pairs(text)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("abc", "Invalid format 'abc'"),
        ("<<EOF\nEOF", "Invalid format '<<EOF'. Name must not be empty and delimiter must not be empty"),
        ("a<<\nx\n", "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"),
        ("a<<EOF\nx\n", "Invalid value. Matching delimiter not found 'EOF'"),
        ("a<<EOF\nx", "Invalid value. EOF marker missing new line."),
        ("a<<EOF\nx\n EOF\n", "Invalid value. Matching delimiter not found 'EOF'"),
    ],
)
def test_errors_are_those_of_the_runner(text: str, message: str) -> None:
    with pytest.raises(FileCommandError, match=re.escape(message) + "$"):
        list(read_pairs(text))


@given(pairs=st.lists(st.tuples(NAME, VALUE), max_size=5))
def test_what_is_written_with_delimiters_is_read(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"{name}<<ghadelimiter_1\n{value}\nghadelimiter_1\n" for name, value in pairs)
    assert list(read_pairs(text)) == pairs


@given(text=st.text("ab=<\nEOF", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        pairs = list(read_pairs(text))
    except FileCommandError:
        return
    assert all(isinstance(value, str) for pair in pairs for value in pair)
