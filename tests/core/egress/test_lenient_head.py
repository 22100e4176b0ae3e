"""The repair of heads that break the rules of HTTP; `test_client.py` shows which ones a response can have."""

from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.egress.lenient_head import find_status, may_be_response, repair_head
from ninefold.core.egress.response import parse_headers

PIECES = st.sampled_from(
    [b"content-length", b"transfer-encoding", b"x-a", b": ", b":", b"2", b"chunked", b",", b" ", b"\t", b"\r", b"\n"]
)


@given(st.lists(PIECES | st.binary(max_size=3), max_size=30).map(b"".join))
def test_what_was_repaired_is_accepted_by_the_strict_parser(lines: bytes) -> None:
    repaired = repair_head(b"HTTP/1.1 200 OK\n" + lines + b"\n\nok")
    assert repaired is not None
    assert parse_headers(repaired.head) is not None
    assert repaired.rest.endswith(b"ok")


@given(st.binary(max_size=40))
def test_whatever_arrives_is_judged_without_an_error(data: bytes) -> None:
    if may_be_response(data):
        repair_head(data)
    assert find_status(b"SSH-2.0 " + data) is None


def test_a_repaired_head_has_its_headers_in_lower_case_and_in_their_order() -> None:
    repaired = repair_head(b"HTTP/1.1 429 Slow\nRetry-After : 7\nX-A: 1\n 2\nwhat\nx-a: \x013\n\nbody")
    assert repaired is not None
    assert parse_headers(repaired.head) == [(b"retry-after", b"7"), (b"x-a", b"1 2"), (b"x-a", b"3")]
    assert repaired.rest == b"body"
    assert repaired.is_length_readable


def test_a_head_that_has_not_ended_is_not_repaired_yet() -> None:
    assert repair_head(b"HTTP/1.1 200 OK\ncontent-length: 2\n") is None
    assert repair_head(b"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n") is None
