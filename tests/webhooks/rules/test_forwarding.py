import json

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.rules.forwarding import read_forwarded, store_forwarded

NAMES = st.from_regex(rb"x-[a-z-]+", fullmatch=True)
VALUES = st.binary().map(lambda value: value.replace(b"\r", b"").replace(b"\n", b""))


@given(st.lists(st.tuples(NAMES, VALUES)), st.binary())
def test_a_request_is_sent_as_it_was_received(headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    forwarded = read_forwarded(store_forwarded(headers, body))

    assert forwarded.body == body
    assert forwarded.head == b"".join(b"%b: %b\r\n" % header for header in headers)


def test_headers_of_the_connection_are_left_out_and_those_of_the_signature_renamed() -> None:
    headers = [
        (b"Host", b"10.0.0.1"),
        (b"content-length", b"2"),
        (b"transfer-encoding", b"chunked"),
        (b"connection", b"close"),
        (b"accept-encoding", b"gzip"),
        (b"content-type", b"text/plain"),
        (b"Webhook-Id", b"msg_1"),
        (b"webhook-signature", b"v1,abc"),
        (b"x-twice", b"1"),
        (b"x-twice", b"2"),
    ]

    assert read_forwarded(store_forwarded(headers, b"{}")).head.split(b"\r\n") == [
        b"content-type: text/plain",
        b"x-original-Webhook-Id: msg_1",
        b"x-original-webhook-signature: v1,abc",
        b"x-twice: 1",
        b"x-twice: 2",
        b"",
    ]


def test_the_stored_payload_is_json_with_the_body_in_base64() -> None:
    stored = json.loads(store_forwarded([(b"a", b"\xe9")], b"\xff"))

    assert stored == {"headers": [["a", "\u00e9"]], "body_base64": "/w=="}
