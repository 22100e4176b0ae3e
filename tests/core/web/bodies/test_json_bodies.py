"""JSON bodies: which are accepted, and the errors for all others."""

import gzip
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.errors import InvalidInputError
from ninefold.core.tenancy.model import CreatedCredential
from ninefold.core.web.application import WebApplication
from ninefold.core.web.bodies import JsonDecoder, RequestBody
from ninefold.core.web.bodies.drain import DRAIN_BYTES_MAX
from ninefold.core.web.bodies.json_errors import JSON_DEPTH_MAX
from ninefold.core.web.errors import BadJsonError

PATH = "/api/v1/notes"
BODY_SIZE_MAX = 1000
JSON = {"Content-Type": "application/json"}


class Inner(RequestBody, frozen=True, kw_only=True):
    text: str
    size: Literal[1, 2] = 1


class Outer(RequestBody, frozen=True, kw_only=True):
    name: Annotated[str, msgspec.Meta(max_length=5)]
    payload: msgspec.Raw = msgspec.Raw(b"null")
    inner: list[Inner] = msgspec.field(default_factory=list)
    table: dict[str, str] = msgspec.field(default_factory=dict)
    colour: Literal["red", "blue"] | None = None


class Batch(RequestBody, frozen=True, kw_only=True):
    is_decoded_in_parts = True

    items: list[msgspec.Raw]
    label: str = ""


DECODER = JsonDecoder(Outer)
BATCH_DECODER = JsonDecoder(Batch)


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    return await client.post(PATH, content=content, headers={**JSON, **headers})


@pytest.mark.parametrize(
    "payload",
    [
        '{"b":1,"a":2}',
        '{ "spaced" :\n[ 1 ,2 ] }',
        "1.50",
        "1e400",
        "-0",
        "123456789012345678901234567890",
        '"Grüße, 世界 🎈"',
        '"\\u0000 and \\u00fc"',
        "null",
        '{"a":1,"a":2}',
    ],
)
async def test_a_raw_field_keeps_the_bytes_that_were_sent(client: httpx.AsyncClient, payload: str) -> None:
    response = await post(client, f'{{"title":"x", "payload": {payload} }}'.encode())

    assert response.status_code == 202
    assert response.json()["payload"] == payload


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b"{", "byte 1"),
        (b"", "empty"),
        (b"nonsense", "(byte"),
        (b'{"title":"x","payload":1}}', "byte 26"),
        (b'{"title":"x","payload":01}', "byte 24"),
        (b'{"title":"x","payload":NaN}', "byte 23"),
        (b'{"title":"x","payload":"\x01"}', "byte 24"),
        (b'\xef\xbb\xbf{"title":"x","payload":1}', "byte 0"),
        (b'{"title":"\xff","payload":1}', "UTF-8 (byte 10, at title)"),
        (b'{"title":"x","payload":"\xff"}', "UTF-8 (byte 24, at payload)"),
        (b'{"title":"x","payload":"\\ud800 "}', "unpaired surrogate \\ud800 (byte 24, at payload)"),
        (b'{"title":"x","payload":"\\ud800"}', "unpaired surrogate \\ud800 (byte 24, at payload)"),
        (b'{"title":"\\uDC00 and more to follow","payload":1}', "unpaired surrogate \\uDC00 (byte 10, at title)"),
        (b'{"title":"x","payload":"\xed\xa0\x80"}', "UTF-8"),
        ("{}".encode("utf-16"), "UTF-8"),
    ],
)
async def test_a_body_that_is_not_json_gets_400_and_the_position(
    client: httpx.AsyncClient, content: bytes, position: str
) -> None:
    response = await post(client, content)

    assert response.status_code == 400
    assert response.json()["code"] == "bad_json"
    assert position in response.json()["detail"]


@pytest.mark.parametrize("levels", [JSON_DEPTH_MAX, 900, 1_000, 100_000])
def test_json_that_is_nested_too_deeply_is_refused_with_the_limit(levels: int) -> None:
    with pytest.raises(BadJsonError, match="The body is nested more than 500 levels deep, at payload"):
        DECODER.decode(b'{"name":"x","payload":' + b"[" * levels + b"]" * levels + b"}")


def test_json_is_accepted_up_to_the_nesting_limit() -> None:
    levels = JSON_DEPTH_MAX - 1
    payload = b"[" * levels + b"]" * levels

    assert bytes(DECODER.decode(b'{"name":"x","payload":' + payload + b"}").payload) == payload


def test_brackets_next_to_each_other_or_in_strings_are_not_nesting() -> None:
    payload = b"[" + b"[]," * JSON_DEPTH_MAX + b'"' + b'[\\"{' * JSON_DEPTH_MAX + b'"]'

    assert bytes(DECODER.decode(b'{"name":"x","payload":' + payload + b"}").payload) == payload


def test_parts_that_are_decoded_later_can_have_more_brackets_in_total_than_levels() -> None:
    item = b"[" * 300 + b"]" * 300

    batch = BATCH_DECODER.decode(b'{"items":[' + item + b"," + item + b"]}")

    assert [bytes(part) for part in batch.items] == [item, item]


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (b'{"items":[1,{"a":]}', "items[1].a", r"byte 17, at items\[1\].a"),
        (b'{"items":[1,"\\ud83d"]}', "items[1]", r"unpaired surrogate \\ud83d \(byte 13, at items\[1\]\)"),
        (b'{"items":["a]}', "items[0]", r"ends too early \(byte 14, at items\[0\]\)"),
        (b'{"items":[1],"label":"\xff"}', "label", r"UTF-8 \(byte 22, at label\)"),
        (b'{"items":[1,' + b"[" * 2_000 + b"]" * 2_000 + b"]}", "items[1][0][0]", r"500 levels deep, at items\[1\]"),
        (b'{"items":[1]}}', None, r"\(byte 14\)"),
        (b'"\\ud83d"', None, r"unpaired surrogate \\ud83d \(byte 1\)"),
    ],
)
def test_json_that_cannot_be_decoded_is_refused_with_the_position(
    content: bytes, field: str | None, reason: str
) -> None:
    with pytest.raises(BadJsonError, match=reason) as raised:
        BATCH_DECODER.decode(content)

    assert raised.value.field == field


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (b'{"name":1}', "name", "expected a string, got an integer"),
        (b'{"name":"123456"}', "name", "expected a string of at most 5 characters"),
        (b"{}", "name", "missing"),
        (b'{"name":"x","other":1}', "other", "known"),
        (b'{"name":"x","inner":[{"text":"a"},{"text":null}]}', "inner[1].text", "got null"),
        (b'{"name":"x","inner":[{}]}', "inner[0].text", "missing"),
        (b'{"name":"x","inner":[{"text":"a","b":1}]}', "inner[0].b", "known"),
        (b'{"name":"x","table":{"a":1}}', "table[...]", "expected a string"),
        (b'{"name":"x","colour":"green"}', "colour", 'expected "blue" or "red", got \'green\''),
        (b'{"name":"x","inner":[{"text":"a","size":3}]}', "inner[0].size", "expected 1 or 2, got 3"),
        (b'{"name":"x","colour":1}', "colour", 'expected "blue" or "red" or null, got an integer'),
        (b'{"name":"x","`other":1}', "`other", "known"),
        (b'{"name":"x","`other`":1}', "`other`", "known"),
        (b'{"name":"x","inner":[{"text":"a","`":1}]}', "inner[0].`", "known"),
        (b'{"name":"x","a\\nb":1}', "a\nb", "known"),
        (b'{"name":"x","":1}', None, "A field without a name"),
        (b"[]", None, "expected an object, got a list"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused_with_field_and_reason(
    content: bytes, field: str | None, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as raised:
        DECODER.decode(content)

    assert raised.value.field == field
    assert reason in raised.value.detail


def test_an_error_in_a_part_of_a_body_has_the_full_path() -> None:
    with pytest.raises(InvalidInputError) as raised:
        DECODER.decode(msgspec.Raw(b'{"name":"x","inner":[{}]}'), path="events[3]")
    with pytest.raises(BadJsonError) as raised_too:
        DECODER.decode(b"{", path="events[4]")

    assert raised.value.field == "events[3].inner[0].text"
    assert raised_too.value.field == "events[4]"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b'{"name":"a\\u0000b"}', "name"),
        (b'{"name":"x","inner":[{"text":"\\u0000"}]}', "inner[0].text"),
        (b'{"name":"x","table":{"a":"\\u0000"}}', "table.a"),
        (b'{"name":"x","table":{"a\\u0000":"b"}}', "table"),
    ],
)
def test_a_string_with_a_nul_is_refused(content: bytes, field: str) -> None:
    with pytest.raises(InvalidInputError, match="NUL") as raised:
        DECODER.decode(content)

    assert raised.value.field == field


def test_an_escaped_backslash_before_u0000_is_not_a_nul() -> None:
    assert DECODER.decode(b'{"name":"\\\\u00"}').name == "\\u00"
    assert DECODER.decode(b'{"name":"","table":{"a":"\\\\u0000"}}').table == {"a": "\\u0000"}


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda part: b'{"name":"' + part + b'","payload":1}'))
def test_any_bytes_are_decoded_or_refused(content: bytes) -> None:
    try:
        name = DECODER.decode(content).name
    except (BadJsonError, InvalidInputError):
        name = ""

    assert "\0" not in name


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_a_raw_field_keeps_any_json_value_unchanged(value: Any) -> None:
    payload = msgspec.json.encode(value)

    decoded = DECODER.decode(b'{"name":"x","payload":' + payload + b"}")

    assert bytes(decoded.payload) == payload


async def test_a_body_of_the_maximum_size_is_accepted(client: httpx.AsyncClient) -> None:
    head, tail = b'{"title":"x","payload":"', b'"}'
    content = head + b"a" * (BODY_SIZE_MAX - len(head) - len(tail)) + tail

    response = await post(client, content)

    assert len(content) == BODY_SIZE_MAX
    assert response.status_code == 202


async def test_a_larger_body_gets_413(client: httpx.AsyncClient) -> None:
    response = await post(client, b"x" * (BODY_SIZE_MAX + 1))

    assert response.status_code == 413
    assert response.json()["code"] == "payload_too_large"
    assert "1,000 bytes" in response.json()["detail"]


async def test_an_endless_body_is_read_up_to_the_drain_limit(client: httpx.AsyncClient) -> None:
    produced = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal produced
        while True:
            produced += 1
            yield b"x" * 100_000

    response = await client.post(PATH, content=endless(), headers=JSON)

    assert response.status_code == 413
    assert produced <= DRAIN_BYTES_MAX // 100_000 + 2


async def test_a_route_without_a_size_limit_has_the_default_limit(client: httpx.AsyncClient) -> None:
    accepted = await client.put("/api/v1/notes/order", content=b'["' + b"x" * 60_000 + b'"]', headers=JSON)
    refused = await client.put("/api/v1/notes/order", content=b'["' + b"x" * 70_000 + b'"]', headers=JSON)

    assert accepted.status_code == 200
    assert refused.status_code == 413


@pytest.mark.parametrize("content_type", ["application/json", "application/JSON; charset=utf-8", ""])
async def test_json_is_accepted_with_these_content_types(client: httpx.AsyncClient, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    response = await client.post(PATH, content=b'{"title":"x","payload":1}', headers=headers)

    assert response.status_code == 202


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml", "x"])
async def test_another_media_type_gets_415(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post(PATH, content=b'{"title":"x","payload":1}', headers={"Content-Type": content_type})

    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"
    assert repr(content_type) in response.json()["detail"]
    assert "application/json" in response.json()["remedy"]


@pytest.mark.parametrize("content_type", ["", " ", ";charset=utf-8"])
async def test_an_empty_media_type_gets_415(client: httpx.AsyncClient, content_type: str) -> None:
    response = await post(client, b'{"title":"x","payload":1}', **{"Content-Type": content_type})

    assert response.status_code == 415
    assert response.json()["detail"] == "The Content-Type header is empty, but only JSON is supported."


@pytest.mark.parametrize("encoding", ["gzip", "br", "gzip, identity", "GZIP"])
async def test_a_compressed_body_gets_415(client: httpx.AsyncClient, encoding: str) -> None:
    response = await post(client, gzip.compress(b'{"title":"x","payload":1}'), **{"Content-Encoding": encoding})

    assert response.status_code == 415
    assert response.headers["accept-encoding"] == "identity"
    assert response.json()["code"] == "unsupported_encoding"
    assert repr(encoding) in response.json()["detail"]
    assert "without the Content-Encoding header" in response.json()["remedy"]


@pytest.mark.parametrize("encoding", ["identity", "Identity "])
async def test_the_content_encoding_identity_is_accepted(client: httpx.AsyncClient, encoding: str) -> None:
    response = await post(client, b'{"title":"x","payload":1}', **{"Content-Encoding": encoding})

    assert response.status_code == 202


@pytest.mark.parametrize("content", [b"", b"null"])
async def test_an_optional_body_can_be_empty(client: httpx.AsyncClient, content: bytes) -> None:
    response = await client.put("/api/v1/notes/order", content=content, headers=JSON)

    assert response.status_code == 200
    assert response.json() == {"count": 0}


async def test_a_client_that_disconnects_in_the_middle_of_a_body_is_not_an_internal_error(
    app: WebApplication, api_key: CreatedCredential, logs: list[dict[str, Any]]
) -> None:
    messages = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {api_key.text}".encode())],
    }
    await app(scope, receive, send)

    assert sent[0]["status"] == 400
    assert [entry["log_level"] for entry in logs] == ["info"]
