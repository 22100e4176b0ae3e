"""Channels: who can see them, and who is in them."""

import asyncio

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, path_of


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


async def client_of(talk: Talk, member: Json) -> Api:
    """Return a client with a token of a member."""
    created = await talk.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
    return Api(talk.api.http, created["token"])


async def test_everybody_is_in_general_and_nobody_leaves_it(talk: Talk, api: Api) -> None:
    made = await asyncio.gather(*[talk.member(name) for name in ("ines", "tomas", "nadia")])
    general = await talk.general()

    members = (await api.get(f"{path_of(general)}/members"))["items"]
    assert {each["name"] for each in members} == {"ines", "tomas", "nadia"}
    for what in ("leave", "archive"):
        refused = await api.refused(409, "POST", f"{path_of(general)}/{what}", json=acting(made[0]))
        assert refused["code"] == "not_possible_here"
    await api.refused(409, "PATCH", path_of(general), json=acting(made[0], name="all"))


async def test_a_private_channel_is_only_for_those_who_are_in_it(talk: Talk) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("secret", ines, is_private=True)
    message = await talk.post(channel, ines, "For nobody else")
    as_ines, as_tomas = await client_of(talk, ines), await client_of(talk, tomas)

    assert channel["slack_id"].startswith("G")
    for path in (path_of(channel), f"{path_of(channel)}/messages", path_of(channel, message)):
        assert "secret" in str(await as_ines.get(path)) or "nobody" in str(await as_ines.get(path))
        assert (await as_tomas.refused(404, "GET", path))["code"] == "channel_not_found"
    await as_tomas.refused(404, "POST", f"{path_of(channel)}/messages", json={"text": "Hello"})
    await as_tomas.refused(404, "POST", f"{path_of(channel)}/join", json={})
    assert [each["name"] for each in (await as_tomas.get("/messaging/channels"))["items"]] == ["general"]

    await as_ines.done("POST", f"{path_of(channel)}/invite", json={"member_ids": [tomas["member_id"]]})
    assert "nobody" in str(await as_tomas.get(path_of(channel, message)))
    await as_ines.done("POST", f"{path_of(channel)}/kick", json={"kicked_member_id": tomas["member_id"]})
    await as_tomas.refused(404, "GET", path_of(channel))


async def test_the_same_members_always_have_the_same_conversation(talk: Talk, api: Api) -> None:
    ines, tomas, nadia = [await talk.member(name) for name in ("ines", "tomas", "nadia")]
    both = acting(ines, member_ids=[tomas["member_id"]])

    answers = await asyncio.gather(*[api.request("POST", "/messaging/direct", json=both) for _ in range(4)])
    back = await api.done("POST", "/messaging/direct", json=acting(tomas, member_ids=[ines["member_id"]]))
    group = await api.done(
        "POST", "/messaging/direct", json=acting(ines, member_ids=[tomas["member_id"], nadia["member_id"]])
    )

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert {answer.json()["channel_id"] for answer in answers} == {back["channel_id"]}
    assert (back["kind"], back["slack_id"][0], group["kind"]) == ("direct", "D", "group")
    assert set(back["member_ids"]) == {ines["member_id"], tomas["member_id"]}
    await api.refused(409, "POST", f"{path_of(back)}/leave", json=acting(ines))
    await talk.post(back, tomas, "Hello")
    assert await talk.unread(ines, back) == (1, 0)


async def test_names_are_unique_and_changes_are_in_the_log(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    await talk.channel("other", ines)

    for name, status in [("plans", 409), ("Plans", 422), ("two words", 422)]:
        await api.refused(status, "POST", "/messaging/channels", json=acting(ines, name=name))
    await api.refused(409, "PATCH", path_of(channel), json=acting(ines, name="other"))
    body = acting(ines, name="big_plans", topic="2027", purpose="What is next")
    changed = await api.done("PATCH", path_of(channel), json=body)

    assert (changed["name"], changed["topic"], changed["purpose"]) == ("big_plans", "2027", "What is next")
    assert [(each["type"], each["data"]) for each in await talk.events(channel)] == [
        ("member_joined", {"inviter_id": None}),
        ("channel_renamed", {"name": "big_plans", "old_name": "plans"}),
        ("channel_topic", {"topic": "2027"}),
        ("channel_purpose", {"purpose": "What is next"}),
    ]


async def test_a_token_acts_only_for_its_own_member(talk: Talk) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    as_ines = await client_of(talk, ines)

    me = await as_ines.get("/messaging/me")
    refused = await as_ines.refused(
        422, "POST", f"{path_of(await talk.general())}/messages", json=acting(tomas, text="I am Tomás")
    )

    assert me["member"]["name"] == "ines"
    assert refused["code"] == "not_this_member"
    await as_ines.refused(403, "POST", "/messaging/members", json={"name": "another"})
    await as_ines.refused(403, "GET", "/jobs")


async def test_a_revoked_token_is_refused(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    path = f"/messaging/members/{ines['member_id']}/tokens"
    created = await api.done("POST", path, json={"name": "laptop", "expires_in_s": 3600})
    as_ines = Api(talk.api.http, created["token"])
    await as_ines.get("/messaging/me")

    assert (await api.request("DELETE", f"{path}/{created['token_id']}")).status_code == 204

    await as_ines.refused(401, "GET", "/messaging/me")
    (listed,) = (await api.get(path))["items"]
    assert (listed["name"], listed["state"], listed["prefix"]) == ("laptop", "revoked", created["token"][:13])


async def test_who_is_deactivated_can_do_nothing(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    as_ines = await client_of(talk, ines)
    await api.done("PATCH", f"/messaging/members/{ines['member_id']}", json={"is_deactivated": True})

    assert (await as_ines.refused(403, "GET", "/messaging/me"))["code"] == "member_deactivated"
    general = path_of(await talk.general())
    await api.refused(403, "POST", f"{general}/messages", json=acting(ines, text="Hello"))
