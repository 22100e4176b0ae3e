"""Keys that are fetched from a URL: once, again for a new key, and without holding up anything else."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from callbacks.callbacks_api import CallbacksApi
from http_api import Json
from ninefold.systems.callbacks.jobs import key_fetcher, verifier
from receivers import Answer, Receiver

KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("old", "new")}

pytestmark = pytest.mark.usefixtures("worker")


def jwks(*names: str) -> bytes:
    keys = [{**jwt.algorithms.ECAlgorithm.to_jwk(KEYS[name].public_key(), as_dict=True), "kid": name} for name in names]
    return json.dumps({"keys": keys}).encode()


@pytest.fixture
async def key_server() -> AsyncIterator[Receiver]:
    """A server with the old key only."""
    async with Receiver() as server:
        server.default_answer = Answer(body=jwks("old"))
        yield server


async def create_jwt_source(api: CallbacksApi, url: str) -> Json:
    body = {"provider": "jwt", "name": "Tokens", "options": {"jwks_url": url}}
    return await api.done("POST", "/sources", json=body)


async def call(api: CallbacksApi, source: Json, body: bytes, *, key: str = "old") -> None:
    claims = {"exp": datetime.now(UTC) + timedelta(minutes=5)}
    token = jwt.encode(claims, KEYS[key], algorithm="ES256", headers={"kid": key})
    response = await api.http.post(source["ingest_url"], content=body, headers={"authorization": f"Bearer {token}"})
    assert response.status_code == 200


async def test_keys_are_fetched_once_for_many_callbacks(api: CallbacksApi, key_server: Receiver) -> None:
    source = await create_jwt_source(api, key_server.url)

    for number in range(5):
        await call(api, source, b"%d" % number)

    assert {each["status"] for each in await api.judged(5, source=source)} == {"verified"}
    assert len(key_server.requests) == 1


async def test_callbacks_wait_for_their_keys_and_hold_up_no_other(
    api: CallbacksApi, other_api: CallbacksApi, key_server: Receiver
) -> None:
    answered = asyncio.Event()
    key_server.answers.append(Answer(body=jwks("old"), until=answered))
    source, other = await create_jwt_source(api, key_server.url), await other_api.create_source()

    await call(api, source, b"1")
    await key_server.received(1)
    await other_api.call(other)
    await other_api.judged(1, source=other)

    assert [each["status"] for each in (await api.get("/callbacks"))["items"]] == ["received"]
    answered.set()
    assert [each["status"] for each in await api.judged(1, source=source)] == ["verified"]


async def test_more_callbacks_than_a_batch_wait_for_keys_and_hold_up_no_other(
    api: CallbacksApi, key_server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "BATCH_MAX", 2)
    answered = asyncio.Event()
    key_server.answers.append(Answer(body=jwks("old"), until=answered))
    source, other = await create_jwt_source(api, key_server.url), await api.create_source()
    for number in range(5):
        await call(api, source, b"%d" % number)

    await api.call(other)

    assert [each["status"] for each in await api.judged(1, source=other)] == ["verified"]
    assert len((await api.get("/callbacks?status=received"))["items"]) == 5
    answered.set()
    assert {each["status"] for each in await api.judged(5, source=source)} == {"verified"}


async def test_a_new_key_is_fetched_when_it_is_first_used(
    api: CallbacksApi, key_server: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = await create_jwt_source(api, key_server.url)
    await call(api, source, b"1")
    await api.judged(1, source=source)
    monkeypatch.setattr(key_fetcher, "REFRESH_INTERVAL_S", 0.0)
    key_server.default_answer = Answer(body=jwks("old", "new"))

    await call(api, source, b"2", key="new")

    await key_server.received(2)
    monkeypatch.setattr(key_fetcher, "REFRESH_INTERVAL_S", 60.0)
    assert [each["status"] for each in await api.judged(2, source=source)] == ["verified", "verified"]


async def test_unknown_keys_do_not_fetch_the_document_each_time(api: CallbacksApi, key_server: Receiver) -> None:
    source = await create_jwt_source(api, key_server.url)

    for number in range(5):
        await call(api, source, b"%d" % number, key="new")

    assert {each["status"] for each in await api.judged(5, source=source)} == {"quarantined"}
    assert len(key_server.requests) == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(Answer(404), "keys_unavailable"), (Answer(body=b"\xff"), "keys_unavailable"), (Answer(body=b"{}"), None)],
    ids=["404", "no text", "no keys"],
)
async def test_without_keys_callbacks_are_quarantined_and_can_be_verified_later(
    api: CallbacksApi, key_server: Receiver, monkeypatch: pytest.MonkeyPatch, answer: Answer, reason: str | None
) -> None:
    key_server.answers.append(answer)
    source = await create_jwt_source(api, key_server.url)
    await call(api, source, b"1")
    (callback,) = await api.judged(1, source=source)
    assert callback["status"] == "quarantined"
    assert callback["reason"] == reason or reason is None

    monkeypatch.setattr(key_fetcher, "REFRESH_INTERVAL_S", 0.0)
    await api.done("POST", "/callbacks/reverify", json={})

    async with asyncio.timeout(10):
        while not (await api.get("/callbacks?status=verified"))["items"]:
            await asyncio.sleep(0.02)
