"""No token reaches what belongs to another organisation, or to a channel that its member isn't in."""

from typing import Any, Final
from unittest.mock import ANY

import httpx
import pytest

from http_api import Api, Json
from messaging_api import Talk
from ninefold.systems.messaging.slack.methods import METHODS

SECRET: Final = "others-must-not-read-this"

ON_CHANNELS: Final[dict[str, Json]] = {
    "chat.meMessage": {"text": "Hi"},
    "chat.postEphemeral": {"text": "Hi", "user": "{own}"},
    "chat.postMessage": {"text": "Hi"},
    "conversations.archive": {},
    "conversations.history": {},
    "conversations.info": {},
    "conversations.invite": {"users": "{own}"},
    "conversations.join": {},
    "conversations.kick": {"user": "{own}"},
    "conversations.leave": {},
    "conversations.mark": {"ts": "{ts}"},
    "conversations.members": {},
    "conversations.open": {},
    "conversations.rename": {"name": "ours"},
    "conversations.setPurpose": {"purpose": "Ours"},
    "conversations.setTopic": {"topic": "Ours"},
    "conversations.unarchive": {},
    "pins.list": {},
}
"""The methods that have a channel as an argument, with their other arguments."""

ON_MESSAGES: Final[dict[str, Json]] = {
    "chat.delete": {"ts": "{ts}"},
    "chat.getPermalink": {"message_ts": "{ts}"},
    "chat.update": {"ts": "{ts}", "text": "Ours"},
    "conversations.replies": {"ts": "{ts}"},
    "pins.add": {"timestamp": "{ts}"},
    "pins.remove": {"timestamp": "{ts}"},
    "reactions.add": {"timestamp": "{ts}", "name": "tada"},
    "reactions.get": {"timestamp": "{ts}"},
    "reactions.remove": {"timestamp": "{ts}", "name": "tada"},
}
"""The methods that have a channel and a message as arguments, with their other arguments."""

ON_MEMBERS: Final[dict[str, str]] = {
    "chat.postMessage": "channel_not_found",
    "conversations.invite": "user_not_found",
    "conversations.kick": "user_not_found",
    "conversations.open": "user_not_found",
    "reactions.list": "user_not_found",
    "users.conversations": "user_not_found",
    "users.getPresence": "user_not_found",
    "users.info": "user_not_found",
    "users.profile.get": "user_not_found",
}
"""The methods that have a member as an argument, with Slack's word for one that isn't there."""

OF_THE_CALLER: Final = frozenset(
    {
        "auth.test",
        "conversations.create",
        "conversations.list",
        "emoji.list",
        "team.info",
        "users.list",
        "users.setPresence",
    }
)
"""The methods without an id as an argument. Lists are tested below."""

OTHER_IDS: Final = frozenset({"api.test", "bots.info", "users.lookupByEmail"})
ELSEWHERE: Final = ("apps.", "files.", "rtm.", "search.", "views.")


@pytest.fixture
async def foreign(other_api: Api) -> Json:
    """A channel of another organisation, a message in it, and a member."""
    talk = Talk(other_api)
    ines = await talk.api.done("POST", "/messaging/members", json={"name": "ines", "email": "ines@globex.example"})
    return await place(talk, ines, await talk.channel("plans", ines))


@pytest.fixture
async def private(api: Api) -> Json:
    """A private channel of the same organisation that the bot isn't in."""
    talk = Talk(api)
    ines = await talk.member("ines")
    return await place(talk, ines, await talk.channel("secret", ines, is_private=True))


@pytest.fixture
async def app(api: Api) -> Json:
    """An app of the first organisation."""
    return await api.done("POST", "/messaging/apps", json={"name": "deploy"})


async def place(talk: Talk, member: Json, channel: Json) -> Json:
    """Write in a channel; return what an attacker would like to use."""
    message = await talk.post(channel, member, SECRET)
    path = f"/messaging/channels/{channel['channel_id']}/messages/{message['sequence']}"
    await talk.api.done("PUT", f"{path}/reactions/eyes", json={"member_id": member["member_id"]})
    await talk.api.done("PUT", f"{path}/pin", json={"member_id": member["member_id"]})
    return {"channel": channel["slack_id"], "ts": message["ts"], "user": member["slack_id"], "talk": talk, "path": path}


async def call(http: httpx.AsyncClient, method: str, token: str, **arguments: Any) -> Json:
    """Call a method; return its answer."""
    response = await http.post(f"/slack/api/{method}", data=arguments, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    assert SECRET not in response.text
    answer: Json = response.json()
    return answer


def test_each_method_is_in_one_of_these_tables() -> None:
    known = {*ON_CHANNELS, *ON_MESSAGES, *ON_MEMBERS, *OF_THE_CALLER, *OTHER_IDS}

    assert {name for name in METHODS if not name.startswith(ELSEWHERE)} == known


@pytest.mark.parametrize("where", ["foreign", "private"])
async def test_the_channels_and_messages_of_others_are_not_there(
    http: httpx.AsyncClient, app: Json, foreign: Json, private: Json, where: str
) -> None:
    there = {"foreign": foreign, "private": private}[where]
    before = await there["talk"].api.get(there["path"])
    names = {"ts": there["ts"], "own": app["bot"]["slack_id"]}

    for method, others in {**ON_CHANNELS, **ON_MESSAGES}.items():
        arguments = {name: value.format(**names) for name, value in others.items()}
        answer = await call(http, method, app["bot_token"], channel=there["channel"], **arguments)
        assert (answer["ok"], answer["error"]) == (False, "channel_not_found"), method

    assert await there["talk"].api.get(there["path"]) == before


async def test_a_message_of_another_channel_is_not_there_by_its_ts(
    http: httpx.AsyncClient, app: Json, foreign: Json, private: Json
) -> None:
    general = (await call(http, "conversations.info", app["bot_token"], channel="general"))["channel"]["id"]

    for there in (foreign, private):
        for method, others in ON_MESSAGES.items():
            arguments = {name: value.format(ts=there["ts"]) for name, value in others.items()}
            answer = await call(http, method, app["bot_token"], channel=general, **arguments)
            expected = "thread_not_found" if method == "conversations.replies" else "message_not_found"
            assert (answer["ok"], answer["error"]) == (False, expected), method
        arguments = {"channel": general, "text": "Hello", "thread_ts": there["ts"]}
        assert (await call(http, "chat.postMessage", app["bot_token"], **arguments))["error"] == "thread_not_found"


@pytest.mark.parametrize(("method", "expected"), ON_MEMBERS.items())
async def test_the_members_of_another_organisation_are_not_there(
    http: httpx.AsyncClient, app: Json, foreign: Json, method: str, expected: str
) -> None:
    plans = (await call(http, "conversations.create", app["bot_token"], name="plans"))["channel"]["id"]
    channel = foreign["user"] if method == "chat.postMessage" else plans
    arguments = {} if method == "conversations.open" else {"channel": channel, "text": "Hi"}

    answer = await call(http, method, app["bot_token"], user=foreign["user"], users=foreign["user"], **arguments)

    assert (answer["ok"], answer["error"]) == (False, expected)


async def test_lists_show_only_what_the_member_can_see(
    http: httpx.AsyncClient, app: Json, foreign: Json, private: Json
) -> None:
    every_type = "public_channel,private_channel,im,mpim"
    channels = await call(http, "conversations.list", app["bot_token"], types=every_type)
    users = await call(http, "users.list", app["bot_token"])
    of_ines = await call(http, "users.conversations", app["bot_token"], types=every_type, user=private["user"])
    reacted = await call(http, "reactions.list", app["bot_token"], user=private["user"])
    by_email = await call(http, "users.lookupByEmail", app["bot_token"], email="ines@globex.example")

    assert [each["name"] for each in channels["channels"]] == ["general"]
    assert {each["name"] for each in users["members"]} == {"deploy", "ines"}
    assert [each["name"] for each in of_ines["channels"]] == ["general"]
    assert reacted["items"] == []
    assert by_email["error"] == "users_not_found"
    assert foreign["user"] not in str(users)


@pytest.mark.parametrize("method", sorted({*ON_CHANNELS, *ON_MESSAGES, *ON_MEMBERS, *OF_THE_CALLER, "bots.info"}))
async def test_the_token_of_an_app_acts_for_nobody(http: httpx.AsyncClient, app: Json, method: str) -> None:
    arguments = {"channel": "general", "text": "Hi", "ts": "1.1", "user": "U1", "users": "U1", "name": "x"}
    arguments |= {"message_ts": "1.1", "timestamp": "1.1", "email": "a@b.c", "topic": "", "purpose": ""}

    answer = await call(http, method, app["app_token"], **arguments, presence="auto")

    assert (answer["ok"], answer["error"]) == (False, "not_allowed_token_type")


async def test_a_token_that_was_revoked_or_whose_member_is_deactivated_is_refused(
    http: httpx.AsyncClient, api: Api
) -> None:
    member = await api.done("POST", "/messaging/members", json={"name": "ines"})
    path = f"/messaging/members/{member['member_id']}"
    revoked, other = [await api.done("POST", f"{path}/tokens", json={}) for _ in range(2)]
    await api.request("DELETE", f"{path}/tokens/{revoked['token_id']}")

    assert (await call(http, "auth.test", revoked["token"]))["error"] == "token_revoked"
    await api.done("PATCH", path, json={"is_deactivated": True})
    assert (await call(http, "auth.test", other["token"]))["error"] == "account_inactive"
    assert (await call(http, "auth.test", "xoxb-wrong"))["error"] == "invalid_auth"
    assert (await call(http, "auth.test", api.api_key))["error"] == "invalid_auth"
    assert (await http.post("/slack/api/auth.test")).json()["error"] == "not_authed"


async def test_the_token_can_be_among_the_arguments(http: httpx.AsyncClient, app: Json) -> None:
    as_form = await http.post("/slack/api/auth.test", data={"token": app["bot_token"]})
    in_query = await http.get("/slack/api/auth.test", params={"token": app["bot_token"]})
    headers = {"Authorization": f"Bearer {app['bot_token']}", "Content-Type": "application/json"}
    empty_json = await http.post("/slack/api/auth.test", content=b"", headers=headers)

    assert [answer.json()["user"] for answer in (as_form, in_query, empty_json)] == ["deploy"] * 3
    wrong = await http.post("/slack/api/chat.postMessage", content=b"{", headers=headers)
    assert wrong.json()["error"] == "invalid_json"


async def test_arguments_can_be_texts_in_a_form_or_in_a_query(http: httpx.AsyncClient, app: Json) -> None:
    blocks = '[{"type": "divider"}]'
    headers = {"Authorization": f"Bearer {app['bot_token']}"}

    posted = await call(http, "chat.postMessage", app["bot_token"], channel="general", blocks=blocks, text="")
    query = {"channel": posted["channel"], "limit": "1", "inclusive": "True", "latest": posted["ts"], "cursor": ""}
    history = (await http.get("/slack/api/conversations.history", params=query, headers=headers)).json()

    (block,) = posted["message"]["blocks"]
    assert (block.pop("block_id"), block) == (ANY, {"type": "divider"})
    assert [each["ts"] for each in history["messages"]] == [posted["ts"]]
