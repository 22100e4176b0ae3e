"""Files: uploading, sharing, reading and deleting them."""

import pytest

from http_api import Api, Json
from messaging_api import Talk, path_of

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x06\0\0\0" * 4
)


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


async def upload(api: Api, member: Json, content: bytes = b"The plan.", name: str = "plan.txt") -> Json:
    """Upload a file for a member."""
    path = f"/messaging/files?name={name}&member_id={member['member_id']}"
    return await api.done("POST", path, content=content, headers={"Content-Type": "application/octet-stream"})


async def as_member(talk: Talk, member: Json) -> Api:
    """Return a client with a token of a member."""
    created = await talk.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
    return Api(talk.api.http, created["token"])


async def test_a_file_is_shared_in_a_message_and_read_by_who_sees_its_channel(talk: Talk, api: Api) -> None:
    ines, tomas, nadia = await talk.member("ines"), await talk.member("tomas"), await talk.member("nadia")
    channel = await talk.channel("plans", ines, tomas, is_private=True)
    image = await upload(api, ines, PNG, "chart.png")
    readers = {name: await as_member(talk, member) for name, member in (("tomas", tomas), ("nadia", nadia))}

    await readers["tomas"].refused(404, "GET", f"/messaging/files/{image['file_id']}")
    message = await talk.post(channel, ines, "", file_ids=[image["file_id"]])

    assert (image["media_type"], image["width"], image["height"], image["is_image"]) == ("image/png", 640, 480, True)
    assert (image["size"], image["name"], image["slack_id"][0]) == (len(PNG), "chart.png", "F")
    assert message["files"] == [image]
    assert (await api.get(f"{path_of(channel)}/messages"))["items"][0]["files"] == [image]
    assert (await talk.events(channel))[-1]["data"]["file_ids"] == [image["file_id"]]
    await readers["nadia"].refused(404, "GET", f"/messaging/files/{image['file_id']}")
    await readers["nadia"].refused(404, "GET", f"/messaging/files/{image['file_id']}/content")
    assert (await readers["nadia"].get("/messaging/files"))["items"] == []
    assert (await readers["tomas"].get("/messaging/files"))["items"] == [image]
    content = await readers["tomas"].request("GET", f"/messaging/files/{image['file_id']}/content")
    assert (content.content, content.headers["content-type"]) == (PNG, "image/png")
    assert content.headers["content-disposition"] == "inline; filename*=UTF-8''chart.png"
