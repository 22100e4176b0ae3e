import pytest

from ninefold.core.egress import InvalidHeaderError, encode_headers


def test_headers_become_lines_in_their_order() -> None:
    assert encode_headers([("X-B", "1"), ("x-a", "two words"), ("x-empty", "")]) == (
        b"X-B: 1\r\nx-a: two words\r\nx-empty: \r\n"
    )


def test_a_value_in_latin_1_is_sent_as_such() -> None:
    assert encode_headers([("x-name", "Zoë")]) == b"x-name: Zo\xeb\r\n"


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "ä", "a\x00"])
def test_a_name_that_is_not_a_token_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeaderError, match="isn't the name of a header"):
        encode_headers([(name, "x")])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection", "Expect", "Upgrade"])
def test_a_header_that_shapes_the_message_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeaderError, match=f"The header {name} is set by Ninefold"):
        encode_headers([(name, "x")])


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\x00", " a", "a ", "\u20ac", "\x7f"])
def test_a_value_that_would_change_the_head_is_refused(value: str) -> None:
    with pytest.raises(InvalidHeaderError, match="can't be sent"):
        encode_headers([("x-a", value)])


def test_headers_have_a_bound_together() -> None:
    with pytest.raises(InvalidHeaderError, match="Use at most 16384 bytes"):
        encode_headers([("x-a", "a" * 10_000), ("x-b", "b" * 10_000)])
