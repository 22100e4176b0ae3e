"""What members are told on their own live channels."""

import json

from http_api import Api
from live_watcher import Watcher
from messaging_api import Talk, acting, path_of
from ninefold.core.live import Channel
from ninefold.core.postgres.database import Database
from ninefold.systems.messaging.service.feeds import messaging_feeds


def watcher_of(database: Database, name: str) -> Watcher:
    """Watch a live channel."""
    kind, _, value = name.partition(":")
    (feed,) = [each for each in messaging_feeds(database) if each.pattern.startswith(f"{kind}:")]
    parameter = feed.pattern.partition("{")[2].removesuffix("}")
    return Watcher(database, feed, Channel(name, {parameter: value}))


async def test_a_member_is_told_of_mentions_conversations_and_its_other_devices(api: Api, database: Database) -> None:
    talk = Talk(api)
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    watcher = watcher_of(database, tomas["live_channel"])
    await watcher.watch()

    channel = await talk.channel("plans", ines, tomas)
    await talk.post(channel, ines, "Nothing special")
    mention = await talk.post(channel, ines, "@tomas!")
    direct = await api.done("POST", "/messaging/direct", json=acting(ines, member_ids=[tomas["member_id"]]))
    message = await talk.post(direct, ines, "Hello")
    for sequence in (mention["sequence"], 1):
        await api.done("POST", f"{path_of(channel)}/read", json=acting(tomas, sequence=sequence))

    plans, both = channel["channel_id"], direct["channel_id"]
    told = await watcher.read()
    assert [each for each in told if each["type"] != "joined"] == [
        {"type": "message", "channel_id": plans, "sequence": mention["sequence"], "is_mention": True},
        {"type": "message", "channel_id": both, "sequence": message["sequence"], "is_mention": False},
        {"type": "read", "channel_id": plans, "read_sequence": mention["sequence"]},
    ]
    assert [each["channel_id"] for each in told if each["type"] == "joined"] == [plans, both]


async def test_an_organisation_is_told_of_its_members_and_public_channels(api: Api, database: Database) -> None:
    talk = Talk(api)
    ines = await talk.member("ines")
    me = await api.get(f"/messaging/me?member_id={ines['member_id']}")
    watcher = watcher_of(database, me["organisation_live_channel"])
    await watcher.watch()

    tomas = await talk.member("tomas")
    public = await talk.channel("open", ines)
    private = await talk.channel("secret", ines, is_private=True)
    await api.done("PATCH", path_of(public), json=acting(ines, topic="Everything"))
    await api.done("PATCH", path_of(private), json=acting(ines, topic="Nothing"))
    await api.done("PATCH", f"/messaging/members/{ines['member_id']}", json={"display_name": "Inês"})

    assert json.dumps(await watcher.read()) == json.dumps(
        [
            {"type": "member_created", "member_id": tomas["member_id"]},
            {"type": "channel_created", "channel_id": public["channel_id"]},
            {"type": "channel_changed", "channel_id": public["channel_id"]},
            {"type": "member_changed", "member_id": ines["member_id"]},
        ]
    )
