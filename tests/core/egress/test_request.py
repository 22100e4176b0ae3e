"""What a request looks like on the wire."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.egress import InvalidHeaderError, parse_target
from ninefold.core.egress.request import PIECE_BYTES, OutgoingRequest, encode_headers, prepare_request

TARGET = parse_target("https://example.com/a?b")


async def iterate(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


def encoded(request: OutgoingRequest) -> bytes:
    async def join() -> bytes:
        return b"".join([piece async for piece in request.encode()])

    return asyncio.run(join())


@pytest.mark.parametrize(
    ("method", "body", "framing"),
    [
        ("GET", b"", b"\r\n"),
        ("HEAD", b"", b"\r\n"),
        ("DELETE", b"", b"\r\n"),
        ("PROPFIND", b"", b"\r\n"),
        ("GET", b"abc", b"content-length: 3\r\n\r\nabc"),
        ("POST", b"", b"content-length: 0\r\n\r\n"),
        ("PUT", b"", b"content-length: 0\r\n\r\n"),
        ("PATCH", b"abc", b"content-length: 3\r\n\r\nabc"),
        ("REPORT", b"abc", b"content-length: 3\r\n\r\nabc"),
    ],
)
def test_a_request_has_its_method_host_headers_and_body(method: str, body: bytes, framing: bytes) -> None:
    request = prepare_request(method, TARGET, headers=[("x-a", "b")], body=body)
    assert encoded(request) == b"%b /a?b HTTP/1.1\r\nhost: example.com\r\nx-a: b\r\n%b" % (method.encode(), framing)


@pytest.mark.parametrize("method", ["", "CONNECT", "GET /", "GET\r\n", "GÉT"])
def test_a_method_that_can_not_be_sent_is_refused(method: str) -> None:
    with pytest.raises(ValueError, match="isn't a method that can be sent"):
        prepare_request(method, TARGET, headers=(), body=b"")


@pytest.mark.parametrize(
    ("method", "is_idempotent", "expected"),
    [
        ("GET", None, True),
        ("HEAD", None, True),
        ("PUT", None, True),
        ("DELETE", None, True),
        ("POST", None, False),
        ("PATCH", None, False),
        ("PROPFIND", None, False),
        ("POST", True, True),
        ("DELETE", False, False),
    ],
)
def test_the_method_says_whether_a_request_is_idempotent_unless_the_caller_does(
    method: str, *, is_idempotent: bool | None, expected: bool
) -> None:
    request = prepare_request(method, TARGET, headers=(), body=b"", is_idempotent=is_idempotent)
    assert request.is_idempotent == expected


@given(st.integers(0, 3 * PIECE_BYTES))
def test_a_body_in_pieces_arrives_as_a_whole(length: int) -> None:
    body = bytes(range(251)) * (length // 251 + 1)
    request = prepare_request("PUT", TARGET, headers=(), body=body[:length])
    assert encoded(request) == request.head + body[:length]


@given(st.lists(st.binary(max_size=20)))
def test_a_streamed_body_of_known_length_is_sent_as_it_is(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    request = prepare_request("PUT", TARGET, headers=(), body=iterate(pieces), body_length=len(body))
    assert encoded(request) == request.head + body
    assert request.head.endswith(b"content-length: %d\r\n\r\n" % len(body) if body else b"\r\n\r\n")


@given(st.lists(st.binary(max_size=20)))
def test_a_streamed_body_of_unknown_length_is_sent_in_chunks(pieces: list[bytes]) -> None:
    request = prepare_request("POST", TARGET, headers=(), body=iterate(pieces))
    assert request.head.endswith(b"\r\ntransfer-encoding: chunked\r\n\r\n")
    rest = encoded(request).removeprefix(request.head)
    chunks = []
    while not rest.startswith(b"0\r\n"):
        size, _, rest = rest.partition(b"\r\n")
        chunks.append(rest[: int(size, 16)])
        assert rest[int(size, 16) :].startswith(b"\r\n")
        rest = rest[int(size, 16) + 2 :]
    assert rest == b"0\r\n\r\n"
    # An empty piece would have ended the body.
    assert chunks == [piece for piece in pieces if piece]


@pytest.mark.parametrize(
    ("body_length", "message"),
    [(4, "is longer than its 4 bytes"), (6, "has 5 bytes instead of 6"), (0, "is longer than its 0 bytes")],
)
def test_a_streamed_body_has_to_have_the_length_that_was_announced(body_length: int, message: str) -> None:
    request = prepare_request("PUT", TARGET, headers=(), body=iterate([b"abc", b"de"]), body_length=body_length)
    with pytest.raises(ValueError, match=message):
        encoded(request)


def test_headers_become_lines_in_their_order() -> None:
    assert encode_headers([("X-B", "1"), ("x-a", "two words"), ("x-empty", "")]) == (
        b"X-B: 1\r\nx-a: two words\r\nx-empty: \r\n"
    )


def test_a_header_value_is_sent_in_latin_1() -> None:
    assert encode_headers([("x-name", "Zoë")]) == b"x-name: Zo\xeb\r\n"


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\nb", "ä", "a\x00"])
def test_a_header_name_that_is_not_a_token_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeaderError, match="isn't a valid header name"):
        encode_headers([(name, "x")])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection", "Expect", "Upgrade"])
def test_a_header_that_only_the_client_may_set_is_refused(name: str) -> None:
    with pytest.raises(InvalidHeaderError, match=f"The header {name} is set by Ninefold"):
        encode_headers([(name, "x")])


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\x00", " a", "a ", "\u20ac", "\x7f"])
def test_a_header_value_that_would_change_the_head_is_refused(value: str) -> None:
    with pytest.raises(InvalidHeaderError, match="can't be sent"):
        encode_headers([("x-a", value)])


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=10)), max_size=3))
def test_any_headers_are_either_one_line_each_or_refused(headers: list[tuple[str, str]]) -> None:
    try:
        encoded_headers = encode_headers(headers)
    except InvalidHeaderError:
        return
    assert encoded_headers.count(b"\n") == encoded_headers.count(b"\r") == len(headers)


def test_headers_have_a_maximum_length_together() -> None:
    with pytest.raises(InvalidHeaderError, match="Use at most 16384 bytes"):
        encode_headers([("x-a", "a" * 10_000), ("x-b", "b" * 10_000)])
