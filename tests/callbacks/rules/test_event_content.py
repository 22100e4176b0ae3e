import json
import re
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.contracts.webhooks import EVENT_PAYLOAD_BYTES_MAX, EVENT_TYPE_LENGTH_MAX
from ninefold.systems.callbacks.model import Answer, Source, WaitingCallback
from ninefold.systems.callbacks.rules.event_content import event_payload, event_type_of, parse_body

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SOURCE = Source(
    source_id=UUID(int=1),
    organisation_id=UUID(int=2),
    provider="github",
    name="Code",
    token="in_" + "A" * 32,
    secrets=("secret",),
    options={},
    answer=Answer(),
    version=1,
    created_at=NOW,
    updated_at=NOW,
)
EVENT_TYPE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def payload_of(body: bytes, *, content_type: bytes = b"application/json", event_type: str | None = "push") -> bytes:
    callback = WaitingCallback(
        callback_id=UUID(int=3),
        organisation_id=UUID(int=2),
        source_id=UUID(int=1),
        received_at=NOW,
        method="POST",
        scheme="https",
        path=b"/in/x",
        query=b"",
        headers=((b"content-type", content_type),),
        body=body,
    )
    return event_payload(callback, source=SOURCE, event_type=event_type, provider_event_id="1")


@pytest.mark.parametrize(
    ("provider", "event_type", "expected"),
    [
        ("stripe", "charge.succeeded", "callback.stripe.charge.succeeded"),
        ("shopify", "orders/create", "callback.shopify.orders_create"),
        ("gitlab", "Push Hook", "callback.gitlab.Push_Hook"),
        ("github", None, "callback.github.received"),
        ("github", "..", "callback.github.received"),
        ("standard-webhooks", "a..b.", "callback.standard-webhooks.a.b"),
        ("github", "ü", "callback.github._"),
    ],
)
def test_the_event_type_has_the_words_of_the_provider(provider: str, event_type: str | None, expected: str) -> None:
    assert event_type_of(provider, event_type) == expected


@given(st.text())
def test_every_type_of_a_provider_is_a_valid_event_type(event_type: str) -> None:
    found = event_type_of("github", event_type)

    assert EVENT_TYPE.fullmatch(found)
    assert len(found) <= EVENT_TYPE_LENGTH_MAX


@pytest.mark.parametrize(
    ("body", "content_type", "form"),
    [
        (b' {"a": 1.50} ', b"application/json", {"json": msgspec.Raw(b'{"a": 1.50}')}),
        (b"1", b"application/vnd.api+json; charset=utf-8", {"json": msgspec.Raw(b"1")}),
        (b"{}", b"", {"json": msgspec.Raw(b"{}")}),
        (b"{", b"application/json", {"text": "{"}),
        (b"", b"application/json", {"text": ""}),
        (b"[" * 100_000, b"application/json", {"text": "[" * 100_000}),
        (b"a=1&a=2&b=", b"application/x-www-form-urlencoded", {"form": {"a": ["1", "2"], "b": [""]}}),
        (b"&".join([b"a=1"] * 1_001), b"application/x-www-form-urlencoded", {"text": "&".join(["a=1"] * 1_001)}),
        (b"{}", b"text/plain", {"text": "{}"}),
        (b"\xff", b"application/json", {"base64": "/w=="}),
    ],
)
def test_a_body_is_parsed_as_its_type_says_if_it_can_be(
    body: bytes, content_type: bytes, form: dict[str, object]
) -> None:
    parsed = msgspec.structs.asdict(parse_body(body, content_type=content_type))

    assert {name: value for name, value in parsed.items() if value is not None} == form


@given(st.binary(), st.sampled_from([b"application/json", b"application/x-www-form-urlencoded", b"text/plain", b""]))
def test_any_body_makes_a_json_payload_with_the_body_in_one_form(body: bytes, content_type: bytes) -> None:
    event = json.loads(payload_of(body, content_type=content_type))

    forms = [name for name in ("body", "body_form", "body_text", "body_base64") if name in event]
    assert len(forms) == 1
    assert event["is_body_omitted"] is False


def test_a_json_body_is_passed_on_as_it_was_written() -> None:
    body = b'{"n": 1.50, "big": 123456789012345678901234567890, "twice": 1, "twice": 2}'

    assert b'"body":' + body in payload_of(body)


@pytest.mark.parametrize("body", [b"x" * (EVENT_PAYLOAD_BYTES_MAX + 1), b"\xff" * EVENT_PAYLOAD_BYTES_MAX])
def test_a_body_that_is_too_large_is_omitted(body: bytes) -> None:
    payload = payload_of(body, content_type=b"text/plain")

    assert json.loads(payload)["is_body_omitted"] is True
    assert len(payload) < 10_000
