"""Files: uploading, sharing, reading and deleting them."""

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, as_member, path_of, upload

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + b"\x08\x06\0\0\0" * 4
)


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


async def test_a_file_is_shared_in_a_message_and_read_by_who_sees_its_channel(talk: Talk, api: Api) -> None:
    ines, tomas, nadia = await talk.member("ines"), await talk.member("tomas"), await talk.member("nadia")
    channel = await talk.channel("plans", ines, tomas, is_private=True)
    image = await upload(api, ines, PNG, "chart.png")
    readers = {"tomas": await as_member(talk, tomas), "nadia": await as_member(talk, nadia)}

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


async def test_deleting_a_file_removes_it_from_its_messages(talk: Talk, api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channels = [await talk.channel(name, ines, tomas) for name in ("plans", "other")]
    file = await upload(api, ines)
    posted = [await talk.post(channel, ines, "Look", file_ids=[file["file_id"]]) for channel in channels]

    refused = await (await as_member(talk, tomas)).refused(403, "DELETE", f"/messaging/files/{file['file_id']}")
    await (await as_member(talk, ines)).request("DELETE", f"/messaging/files/{file['file_id']}")

    assert refused["code"] == "not_your_file"
    await api.refused(404, "GET", f"/messaging/files/{file['file_id']}/content")
    for channel, message in zip(channels, posted, strict=True):
        (shown,) = (await api.get(path_of(channel, message)))["files"]
        assert (shown["file_id"], shown["name"], shown["deleted_at"] is not None) == (file["file_id"], "", True)
        last = (await talk.events(channel))[-1]
        assert (last["type"], last["message_sequence"]) == ("file_deleted", message["sequence"])
        assert last["data"] == {"file_id": file["file_id"]}


async def test_a_file_goes_with_the_last_message_that_it_is_in(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    file = await upload(api, ines)
    first, second = [await talk.post(channel, ines, "Look", file_ids=[file["file_id"]]) for _ in range(2)]

    await api.request("DELETE", path_of(channel, first))
    assert (await api.get(f"/messaging/files/{file['file_id']}"))["file_id"] == file["file_id"]
    await api.request("DELETE", path_of(channel, second))

    await api.refused(404, "GET", f"/messaging/files/{file['file_id']}")
    assert file["file_id"] not in str([each for each in await talk.events(channel) if each["type"] == "message"])


async def test_a_message_shares_only_files_that_its_author_can_read(talk: Talk, api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("plans", ines, tomas)
    file = await upload(api, ines)
    path = f"{path_of(channel)}/messages"

    async def code_of(member: Json, *file_ids: str) -> str:
        body = acting(member, text="", file_ids=list(file_ids))
        return str((await api.request("POST", path, json=body)).json().get("code"))

    assert await code_of(tomas, file["file_id"]) == "file_not_found"
    assert await code_of(ines, file["file_id"], file["file_id"]) == "too_many_files"
    assert await code_of(ines) == "message_empty"
    assert await code_of(ines, file["file_id"]) == "None"
    # Now it is in a channel that he sees.
    assert await code_of(tomas, file["file_id"]) == "None"


async def test_only_what_can_do_no_harm_is_shown_in_the_browser(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    for name, content, disposition, media_type in [
        ("page.html", b"<script>alert(1)</script>", "attachment", "text/html"),
        ("drawing.svg", b"<svg/>", "attachment", "image/svg+xml"),
        ("fake.png", b"<script>alert(1)</script>", "attachment", "application/octet-stream"),
        ("paper.pdf", b"%PDF-1.7", "inline", "application/pdf"),
    ]:
        file = await upload(api, ines, content, name)
        shown = await api.request("GET", f"/messaging/files/{file['file_id']}/content")
        assert shown.headers["content-disposition"].partition(";")[0] == disposition, name
        assert shown.headers["content-type"].partition(";")[0] == media_type
        assert shown.headers["x-content-type-options"] == "nosniff"
    part = await api.request("GET", f"/messaging/files/{file['file_id']}/content", headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, b"PDF")
