"""Whatever is received, and whatever a source is configured with, a check gives a result and never raises."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbacks.verification.genuine import CALLBACKS, callback_of, name_of
from callbacks.verification.received import NOW, URL, received
from callbacks.verification.signing import STANDARD_SECRET, Callback, hmac_hex
from ninefold.systems.callbacks.verification import (
    ReceivedRequest,
    Rejected,
    Secret,
    Verified,
    find_problems,
    find_provider,
    handshake,
    list_providers,
    verify,
)

EXAMPLES = settings(max_examples=25, deadline=None)

every_callback = pytest.mark.parametrize("callback", CALLBACKS, ids=name_of)
every_provider = pytest.mark.parametrize("name", [provider.name for provider in list_providers()])

words = st.sampled_from(
    [b"", b"v1", b"v1=", b"v0=", b"v1,", b"v1a,", b"sha256=", b"t=", b"ts=", b"h1=", b",", b";", b" ", b"=", b"00",
     b"\xff", b"1785585600", b"Bearer ", b"Basic ", b"e30.e30.e30", b"AAAA", b"{", b"}", b'"', b"algorithm=", b"key=",
     b"-1", b"9" * 30]
)  # fmt: skip
values = st.one_of(st.binary(max_size=60), st.lists(words, max_size=8).map(b"".join))
names = st.sampled_from(
    sorted({name for callback in CALLBACKS for name, _ in callback.request.headers} | {b"X-Sig", b"x", b"\xff"})
)
documents: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "event", "id", "entry", "payload", "plainToken", "challenge", "webhookTimestamp"]),
            inner,
        )
    ),
    max_leaves=10,
)
bodies = st.one_of(
    st.binary(max_size=200),
    documents.map(msgspec.json.encode),
    st.integers(1, 3_000).map(lambda depth: b"[" * depth),
    st.just(b'{"id":' + b"9" * 5_000 + b"}"),
    st.just(b'{"id":"\\ud800"}'),
)
queries = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["crc_token=a&crc_token=b", "hub.mode=subscribe&hub.challenge=%00", "&" * 5_000]),
)
requests = st.builds(
    lambda method, path, query, headers, body, seconds: ReceivedRequest(
        method=method,
        url=f"https://hooks.example.com{path}?{query}",
        path=path,
        query=query,
        headers=tuple(headers),
        body=body,
        received_at=NOW + timedelta(seconds=seconds),
    ),
    st.sampled_from(["GET", "POST", "", "PÜT"]),
    st.text(max_size=20),
    queries,
    st.lists(st.tuples(names, values), max_size=12),
    bodies,
    st.integers(-(10**9), 10**9),
)
secret_lists = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            [STANDARD_SECRET, "whpk_", "whsec_", "whpk_AAAA", "ab" * 32, *(c.secret or "" for c in CALLBACKS)]
        ),
    ).map(Secret),
    max_size=3,
)


def option_maps(name: str) -> "st.SearchStrategy[dict[str, str]]":
    fields = [field.name for field in find_provider(name).fields]
    texts = st.one_of(st.text(max_size=20), st.sampled_from(["{body}", "{", "{json a}", "hex", "300", '{"keys":[{}]}']))
    return st.dictionaries(st.sampled_from([*fields, "other"]), texts, max_size=6)


@every_provider
@EXAMPLES
@given(data=st.data())
def test_anything_gives_a_result(name: str, data: st.DataObject) -> None:
    provider = find_provider(name)
    request, secrets, options = data.draw(requests), data.draw(secret_lists), data.draw(option_maps(name))
    urls = data.draw(st.lists(st.one_of(st.text(max_size=20), st.just(URL)), max_size=2))

    result = verify(provider, request, secrets, options=options, public_urls=urls)
    answer = handshake(provider, request, secrets, options=options)

    assert isinstance(result, Rejected)
    assert result.detail.endswith(".")
    assert answer is None or answer.status in {200, 204, 401, 403}
    find_problems(provider, secrets, options)


@every_callback
@EXAMPLES
@given(data=st.data())
def test_a_genuine_callback_with_further_headers_gives_a_result(callback: Callback, data: st.DataObject) -> None:
    further = data.draw(st.lists(st.tuples(names, values), min_size=1, max_size=4))
    before = data.draw(st.booleans())
    headers = (*further, *callback.request.headers) if before else (*callback.request.headers, *further)

    result = callback.verify(request=msgspec.structs.replace(callback.request, headers=headers))

    assert isinstance(result, Verified | Rejected)


@EXAMPLES
@given(body=bodies)
def test_the_id_and_the_type_of_any_genuine_body_can_be_stored_and_shown(body: bytes) -> None:
    options = {"header": "X-Sig", "event_id": "{json id}", "event_type": "{json type}"}
    request = received({"X-Sig": hmac_hex(body)}, body)

    result = callback_of("hmac").verify(request=request, options=options)

    assert isinstance(result, Verified)
    for text in (result.event_id, result.event_type):
        assert text is None or (text.isprintable() and 0 < len(text.encode("utf-8")) <= 4 * 255)
