"""No token reaches what belongs to another organisation, or to a channel that its member isn't in."""

from unittest.mock import ANY

import httpx
import pytest

from http_api import Api, Json
from messaging_api import Talk


@pytest.fixture
async def foreign(other_api: Api) -> Json:
    """A channel of another organisation, and a message in it."""
    talk = Talk(other_api)
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    message = await talk.post(channel, ines, "only-globex-reads-this")
    return {"channel": channel["slack_id"], "ts": message["ts"]}


@pytest.fixture
async def private(api: Api) -> Json:
    """A private channel of the same organisation that the bot isn't in."""
    talk = Talk(api)
    ines = await talk.member("ines")
    channel = await talk.channel("secret", ines, is_private=True)
    message = await talk.post(channel, ines, "only-ines-reads-this")
    return {"channel": channel["slack_id"], "ts": message["ts"]}


@pytest.fixture
async def app(api: Api) -> Json:
    """An app of the first organisation."""
    return await api.done("POST", "/messaging/apps", json={"name": "deploy"})


async def call(http: httpx.AsyncClient, method: str, token: str, **arguments: str) -> Json:
    """Call a method; return its answer."""
    response = await http.post(f"/slack/api/{method}", data=arguments, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    answer: Json = response.json()
    return answer


@pytest.mark.parametrize("where", ["foreign", "private"])
async def test_the_channels_of_others_are_not_there(
    http: httpx.AsyncClient, app: Json, foreign: Json, private: Json, where: str
) -> None:
    place = {"foreign": foreign, "private": private}[where]
    for method, arguments in [
        ("chat.postMessage", {"channel": place["channel"], "text": "Hello"}),
        ("chat.postMessage", {"channel": "secret", "text": "Hello"}),
        ("conversations.history", {"channel": place["channel"]}),
    ]:
        answer = await call(http, method, app["bot_token"], **arguments)
        assert (answer["ok"], answer["error"]) == (False, "channel_not_found"), method
        assert "reads-this" not in str(answer)


async def test_a_message_of_another_organisation_has_no_thread_here(
    http: httpx.AsyncClient, app: Json, foreign: Json
) -> None:
    arguments = {"channel": "general", "text": "Hello", "thread_ts": foreign["ts"]}

    assert (await call(http, "chat.postMessage", app["bot_token"], **arguments))["error"] == "thread_not_found"


@pytest.mark.parametrize("method", ["auth.test", "chat.postMessage", "conversations.history"])
async def test_the_token_of_an_app_acts_for_nobody(http: httpx.AsyncClient, app: Json, method: str) -> None:
    answer = await call(http, method, app["app_token"], channel="general", text="Hello")

    assert (answer["ok"], answer["error"]) == (False, "not_allowed_token_type")


async def test_the_token_can_be_among_the_arguments(http: httpx.AsyncClient, app: Json) -> None:
    as_form = await http.post("/slack/api/auth.test", data={"token": app["bot_token"]})
    in_query = await http.get("/slack/api/auth.test", params={"token": app["bot_token"]})
    headers = {"Authorization": f"Bearer {app['bot_token']}", "Content-Type": "application/json"}
    empty_json = await http.post("/slack/api/auth.test", content=b"", headers=headers)

    assert [answer.json()["user"] for answer in (as_form, in_query, empty_json)] == ["deploy"] * 3
    wrong = await http.post("/slack/api/chat.postMessage", content=b"{", headers=headers)
    assert wrong.json()["error"] == "invalid_json"


async def test_blocks_can_be_json_within_a_form(http: httpx.AsyncClient, app: Json) -> None:
    blocks = '[{"type": "divider"}]'

    posted = await call(http, "chat.postMessage", app["bot_token"], channel="general", blocks=blocks)

    (block,) = posted["message"]["blocks"]
    assert (block.pop("block_id"), block) == (ANY, {"type": "divider"})
    again = await call(http, "chat.postMessage", app["bot_token"], channel="general", blocks="[")
    assert again["error"] == "invalid_blocks_format"
