"""What a provider expects in the answer is in the answer, and such requests aren't callbacks."""

import asyncio
import time
from urllib.parse import urlencode

import httpx
import pytest
from nacl.signing import SigningKey
from slack_sdk.signature import SignatureVerifier

from callbacks.callbacks_api import CallbacksApi
from http_api import Json

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
DISCORD = SigningKey.generate()


async def call_as_slack(api: CallbacksApi, source: Json, body: bytes, *, secret: str = SECRET) -> httpx.Response:
    timestamp = str(int(time.time()))
    signature = str(SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body))
    headers = {"x-slack-signature": signature, "x-slack-request-timestamp": timestamp}
    return await api.http.post(source["ingest_url"], content=body, headers=headers)


async def call_as_discord(api: CallbacksApi, source: Json, body: bytes, *, key: SigningKey = DISCORD) -> httpx.Response:
    timestamp = str(int(time.time()))
    signature = key.sign(timestamp.encode() + body).signature.hex()
    headers = {"x-signature-ed25519": signature, "x-signature-timestamp": timestamp}
    return await api.http.post(source["ingest_url"], content=body, headers=headers)


async def test_slack_gets_its_challenge_back_at_once(api: CallbacksApi) -> None:
    source = await api.create_source(provider="slack", secrets=[SECRET], answer={"status": 202, "body": "thanks"})

    response = await call_as_slack(api, source, b'{"type":"url_verification","challenge":"3eZbrw1a"}')
    other = await call_as_slack(api, source, b'{"type":"event_callback","event_id":"Ev1","event":{"type":"message"}}')

    assert (response.status_code, response.text) == (200, "3eZbrw1a")
    assert (other.status_code, other.text) == (202, "thanks")
    callback, handshake = (await api.get("/callbacks"))["items"]
    assert (callback["status"], handshake["status"]) == ("received", "handshake")
    assert handshake["judged_at"] == handshake["received_at"]


async def test_a_challenge_that_slack_did_not_sign_is_not_answered(api: CallbacksApi) -> None:
    source = await api.create_source(provider="slack", secrets=[SECRET])

    response = await call_as_slack(api, source, b'{"type":"url_verification","challenge":"x"}', secret="wrong")

    assert (response.status_code, response.text) == (200, "")
    assert [each["status"] for each in (await api.get("/callbacks"))["items"]] == ["received"]


@pytest.mark.usefixtures("worker")
async def test_discord_gets_a_pong_and_a_refusal_of_what_it_did_not_sign(api: CallbacksApi) -> None:
    source = await api.create_source(provider="discord", secrets=[DISCORD.verify_key.encode().hex()])

    pong = await call_as_discord(api, source, b'{"type":1,"id":"1"}')
    refused = await call_as_discord(api, source, b'{"type":1,"id":"2"}', key=SigningKey.generate())

    assert (pong.status_code, pong.json()) == (200, {"type": 1})
    assert refused.status_code == 401
    newest, oldest = await api.judged(2, source=source)
    assert (newest["status"], oldest["status"]) == ("quarantined", "handshake")


async def test_meta_gets_its_challenge_only_with_the_token_of_the_source(api: CallbacksApi) -> None:
    source = await api.create_source(
        provider="meta", secrets=["app secret"], options={"verify_token": "a-token-of-the-user"}
    )

    async def ask(token: str) -> httpx.Response:
        query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
        return await api.http.get(f"{source['ingest_url']}?{urlencode(query)}")

    right, wrong = await ask("a-token-of-the-user"), await ask("a guess")

    assert (right.status_code, right.text) == (200, "1158201444")
    assert (wrong.status_code, wrong.text) == (403, "")
    # A token is a secret: it is given, and never shown again.
    assert "a-token-of-the-user" not in str(await api.get("/sources"))


@pytest.mark.usefixtures("worker")
async def test_handshakes_are_never_passed_on_nor_verified_again(api: CallbacksApi) -> None:
    source = await api.create_source(provider="slack", secrets=[SECRET])
    await call_as_slack(api, source, b'{"type":"url_verification","challenge":"x"}')
    (handshake,) = await api.judged(1, source=source)

    await api.refused(409, "POST", f"/callbacks/{handshake['callback_id']}/replay")
    await api.done("POST", "/callbacks/reverify", json={})
    await call_as_slack(api, source, b'{"type":"event_callback","event_id":"Ev1"}')

    async with asyncio.timeout(10):
        while not (await api.get("/callbacks?status=verified"))["items"]:
            await asyncio.sleep(0.02)
    assert len((await api.get("/callbacks?status=handshake"))["items"]) == 1
    assert len((await api.get("/events"))["items"]) == 1
