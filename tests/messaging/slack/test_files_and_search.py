"""Files and searches with Slack's official client."""

from typing import Any

import httpx

from slack_clients import Workspace, call, refused, word

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x02\x80\x00\x00\x01\xe0\x08\x06\x00\x00\x00"


async def download(url: str, token: str | None) -> httpx.Response:
    """Read a file by its private address."""
    async with httpx.AsyncClient() as http:
        return await http.get(url, headers={} if token is None else {"Authorization": f"Bearer {token}"})


async def test_a_bot_uploads_a_file_in_three_steps_and_a_member_reads_it(workspace: Workspace) -> None:
    bot, (_, ines) = await workspace.bot(), await workspace.member("ines")
    general = (await call(ines.conversations_list))["channels"][0]["id"]
    root = await call(bot.chat_postMessage, channel=general, text="Charts:")

    done = await call(
        bot.files_upload_v2,
        channel=general,
        content=PNG,
        filename="chart.png",
        title="May",
        initial_comment="The chart",
        thread_ts=root["ts"],
    )

    file = done["file"]
    assert (file["name"], file["title"], file["mimetype"], file["original_w"]) == ("chart.png", "May", "image/png", 640)
    replies = (await call(ines.conversations_replies, channel=general, ts=root["ts"]))["messages"]
    assert [(each["text"], [one["id"] for one in each.get("files", [])]) for each in replies] == [
        ("Charts:", []),
        ("The chart", [file["id"]]),
    ]
    shown = (await call(ines.files_info, file=file["id"]))["file"]
    assert (shown["channels"], list(shown["shares"]["public"])) == ([general], [general])
    assert [each["id"] for each in (await call(ines.files_list, channel=general))["files"]] == [file["id"]]
    contents = await download(shown["url_private"], ines.token)
    assert (contents.status_code, contents.content, contents.headers["content-type"]) == (200, PNG, "image/png")
    assert (await download(shown["url_private"], None)).status_code == 401


async def test_several_files_are_one_message(workspace: Workspace) -> None:
    bot = await workspace.bot()
    general = (await call(bot.conversations_list))["channels"][0]["id"]
    uploads = [{"content": str(number), "filename": f"{number}.txt"} for number in range(3)]

    await call(bot.files_upload_v2, channel=general, file_uploads=uploads)

    (message,) = [
        each for each in (await call(bot.conversations_history, channel=general))["messages"] if "files" in each
    ]
    assert [each["name"] for each in message["files"]] == ["0.txt", "1.txt", "2.txt"]


async def test_the_bytes_can_be_a_form_and_are_sent_once(workspace: Workspace) -> None:
    _, ines = await workspace.member("ines")
    begun = await call(ines.files_getUploadURLExternal, filename="plan.txt", length=9)
    answer: Any = {"files": [{"id": begun["file_id"], "title": "Plan"}]}
    early = await word(ines, "files.completeUploadExternal", answer)

    async with httpx.AsyncClient() as http:
        too_long = await http.post(begun["upload_url"], content=b"The plan, and more")
        sent = await http.post(begun["upload_url"], files={"filename": ("plan.txt", b"The plan.", "text/plain")})
        again = await http.post(begun["upload_url"], content=b"Another.")
    completed = await call(ines.files_completeUploadExternal, **answer)

    assert (early, too_long.status_code, sent.status_code, again.status_code) == ("file_not_found", 413, 200, 404)
    (file,) = completed["files"]
    assert (await download(file["url_private"], ines.token)).content == b"The plan."


async def test_a_file_is_not_there_for_who_cannot_see_it(workspace: Workspace) -> None:
    (_, ines), (_, tomas) = await workspace.member("ines"), await workspace.member("tomas")
    created = await call(ines.conversations_create, name="secret", is_private=True)
    done = await call(
        ines.files_upload_v2, channel=created["channel"]["id"], content="only-ines-reads-this", filename="a.txt"
    )
    file = done["file"]

    for method in ("files.info", "files.delete"):
        assert await word(tomas, method, {"file": file["id"]}) == "file_not_found"
    taken = {"files": [{"id": file["id"]}], "channel_id": "general"}
    assert await word(tomas, "files.completeUploadExternal", taken) == "file_not_found"
    assert (await call(tomas.files_list))["files"] == []
    assert (await download(file["url_private"], tomas.token)).status_code == 404
    await call(ines.files_delete, file=file["id"])
    (message,) = [
        each
        for each in (await call(ines.conversations_history, channel=created["channel"]["id"]))["messages"]
        if "files" in each
    ]
    assert message["files"] == [{"id": file["id"], "mode": "tombstone"}]


async def test_a_member_searches_and_a_bot_cannot(workspace: Workspace) -> None:
    bot, (member, ines), (_, tomas) = (
        await workspace.bot(),
        await workspace.member("ines"),
        await workspace.member("tomas"),
    )
    general = (await call(bot.conversations_list))["channels"][0]["id"]
    secret = (await call(tomas.conversations_create, name="secret", is_private=True))["channel"]["id"]
    posted = [
        await call(client.chat_postMessage, channel=channel, text=text)
        for client, channel, text in [
            (ines, general, "The needle is here"),
            (bot, general, "A needle of the bot"),
            (tomas, secret, "A secret needle"),
        ]
    ]

    found = (await call(ines.search_messages, query="needle", highlight=True))["messages"]
    own = (await call(ines.search_messages, query="needle from:me"))["messages"]
    pages = [(await call(tomas.search_messages, query="needle", count=2, page=page))["messages"] for page in (1, 2)]

    assert [each["text"] for each in found["matches"]] == [
        "A \ue000needle\ue001 of the bot",
        "The \ue000needle\ue001 is here",
    ]
    assert (found["total"], found["matches"][0]["ts"]) == (2, posted[1]["ts"])
    assert (
        found["matches"][0]["permalink"]
        == (await call(ines.chat_getPermalink, channel=general, message_ts=posted[1]["ts"]))["permalink"]
    )
    assert [(each["user"], each["channel"]["id"]) for each in own["matches"]] == [(member["slack_id"], general)]
    assert [len(page["matches"]) for page in pages] == [2, 1]
    assert (pages[1]["paging"]["pages"], pages[1]["total"]) == (2, 3)
    assert (await call(ines.search_messages, query="needle in:#secret"))["messages"]["total"] == 0
    assert (await refused(bot.search_messages, query="needle"))["error"] == "not_allowed_token_type"
    assert await word(ines, "search.messages", {"query": " "}) == "no_query"
