"""`files.…`: uploading files in three steps, and finding and deleting them.

1. `files.getUploadURLExternal` announces a file, and returns a URL.
2. The client sends the bytes to the URL (`uploads.py`).
3. `files.completeUploadExternal` posts the message that shares it.
"""

from typing import Annotated, Any, Final

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.systems.messaging.model import File, NewMessage
from ninefold.systems.messaging.rules.limits import FILES_OF_MESSAGE_MAX
from ninefold.systems.messaging.service.files import files as service
from ninefold.systems.messaging.service.files.uploads import begin_upload, complete_uploads
from ninefold.systems.messaging.service.sending import post_message
from ninefold.systems.messaging.slack.arguments import Ts, split_list
from ninefold.systems.messaging.slack.calls import Answer, Call, Server, slack_method
from ninefold.systems.messaging.slack.errors import SlackError
from ninefold.systems.messaging.slack.file_objects import FILES_PATH, show_shared_file
from ninefold.systems.messaging.slack.finding import find_sequence

LISTED_MAX: Final = 1_000
"""Files that can be reached page by page."""


class GetUploadUrl(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `files.getUploadURLExternal`."""

    filename: str
    length: Annotated[int, msgspec.Meta(ge=0)]


class UploadedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of which the bytes were sent."""

    id: str
    title: str | None = None


class CompleteUpload(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `files.completeUploadExternal`."""

    files: Annotated[list[UploadedFile], msgspec.Meta(min_length=1, max_length=FILES_OF_MESSAGE_MAX)]
    channel_id: str | None = None
    channels: list[str] = []
    initial_comment: str = ""
    thread_ts: Ts | None = None


class OneFile(msgspec.Struct, frozen=True, kw_only=True):
    """A method about a file."""

    file: str


class ListFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `files.list`."""

    channel: str | None = None
    user: str | None = None
    count: Annotated[int, msgspec.Meta(ge=1, le=LISTED_MAX)] = 100
    page: Annotated[int, msgspec.Meta(ge=1, le=LISTED_MAX)] = 1


def file_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""

    async def get_upload_url(call: Call, given: GetUploadUrl) -> Answer:
        """Announce a file, and return the URL for its bytes."""
        if given.length > server.settings.file_bytes_max:
            raise SlackError("file_too_large", f"A file can have {server.settings.file_bytes_max:,} bytes.")
        async with call.begin() as caller:
            upload = await begin_upload(
                caller.connection, member=caller.member, name=given.filename, size_bytes=given.length
            )
        return {"upload_url": f"{call.base_url}{FILES_PATH}/upload/{upload.key}", "file_id": upload.file.slack_id}

    return [
        slack_method(server, "files.getUploadURLExternal", GetUploadUrl, get_upload_url),
        slack_method(server, "files.completeUploadExternal", CompleteUpload, complete_upload),
        slack_method(server, "files.info", OneFile, show),
        slack_method(server, "files.list", ListFiles, list_of_caller),
        slack_method(server, "files.delete", OneFile, delete),
    ]


async def complete_upload(call: Call, given: CompleteUpload) -> Answer:
    """Complete uploads, and share them in channels, each with one message. Without a channel, they stay private."""
    names = split_list([*given.channels, *([given.channel_id] if given.channel_id else [])])
    async with call.begin() as caller:
        channels = [await caller.find_channel(name) for name in names]
        if given.thread_ts is not None and len(channels) != 1:
            raise SlackError("invalid_arguments", "A thread is in one channel.")
        thread_sequence = (
            None if given.thread_ts is None else await find_sequence(caller.connection, channels[0], given.thread_ts)
        )
        files = await complete_uploads(
            caller.connection, member=caller.member, files=[(each.id, each.title) for each in given.files]
        )
    for channel in channels:
        await post_message(
            call.database,
            call.notifier,
            channel=channel,
            member=caller.member,
            message=NewMessage(
                text=given.initial_comment,
                # The same call twice shares them once.
                client_msg_id=f"{files[0].slack_id}-{channel.slack_id}",
                thread_sequence=thread_sequence,
                file_ids=[file.file_id for file in files],
            ),
        )
    return {"files": [await _show(call, file) for file in files]}


async def show(call: Call, given: OneFile) -> Answer:
    """Show a file."""
    return {
        "file": await _show(call, await _find(call, given.file)),
        "comments": [],
        "response_metadata": {"next_cursor": ""},
    }


async def list_of_caller(call: Call, given: ListFiles) -> Answer:
    """List the files that the caller can read, latest first, page by page."""
    end = given.page * given.count
    if end > LISTED_MAX:
        raise SlackError("invalid_arguments", f"Only the latest {LISTED_MAX:,} files can be listed.")
    async with call.begin() as caller:
        owner = None if given.user is None else await caller.find_member(given.user)
        channel = None if given.channel is None else await caller.find_channel(given.channel)
        found = await service.list_files(
            caller.connection,
            organisation_id=caller.member.organisation_id,
            member=caller.member,
            owner_id=None if owner is None else owner.member_id,
            channel_id=None if channel is None else channel.channel_id,
            before=None,
            limit=LISTED_MAX,
        )
        files = [
            await show_shared_file(caller.connection, file, viewer=caller.member, base_url=call.base_url)
            for file in found[end - given.count : end]
        ]
    pages = -(-len(found) // given.count)
    return {
        "files": files,
        "paging": {"count": given.count, "total": len(found), "page": given.page, "pages": pages},
    }


async def delete(call: Call, given: OneFile) -> Answer:
    """Delete a file of one's own."""
    file = await _find(call, given.file)
    async with call.begin() as caller:
        member = caller.member
    await service.delete_file(call.database, call.notifier, file=file, member=member)
    return {}


async def _find(call: Call, slack_id: str) -> File:
    async with call.begin() as caller:
        file = await service.get_file_by_slack_id(
            caller.connection, organisation_id=caller.member.organisation_id, slack_id=slack_id
        )
        return await service.require_readable(caller.connection, file, caller.member)


async def _show(call: Call, file: File) -> dict[str, Any]:
    async with call.begin() as caller:
        current = await service.get_file(caller.connection, organisation_id=file.organisation_id, file_id=file.file_id)
        return await show_shared_file(caller.connection, current, viewer=caller.member, base_url=call.base_url)
