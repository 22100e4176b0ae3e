"""The wire types of files."""

from typing import Annotated, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import FILE_PREFIX, MEMBER_PREFIX, File
from ninefold.systems.messaging.routes.wire import MemberIdText

FILES_PATH: Final = "/api/v1/messaging/files"

FileIdText = Annotated[str, msgspec.Meta(examples=[f"{FILE_PREFIX}_{EXAMPLE_ID}"])]


class FileId(PathId):
    """A file's id in a path."""

    prefix = FILE_PREFIX


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a member has uploaded."""

    file_id: FileIdText
    slack_id: Annotated[str, msgspec.Meta(description="Its id in Slack's API.", examples=["F01H455VB4P"])]
    name: Annotated[str, msgspec.Meta(description="Empty if it was deleted.", examples=["plan.pdf"])]
    title: Annotated[str, msgspec.Meta(examples=["The plan"])]
    media_type: Annotated[str, msgspec.Meta(examples=["application/pdf"])]
    size: Annotated[int, msgspec.Meta(description="Bytes.")]
    width: Annotated[int | None, msgspec.Meta(description="Of an image, in pixels.")]
    height: int | None
    is_image: Annotated[bool, msgspec.Meta(description="Whether it is an image that browsers show.")]
    created_at: Timestamp
    deleted_at: Timestamp | None
    member_id: Annotated[MemberIdText, msgspec.Meta(description="Who has uploaded it.")]
    download_url: Annotated[
        str,
        msgspec.Meta(
            description="The path of its contents.", examples=[f"{FILES_PATH}/{FILE_PREFIX}_{EXAMPLE_ID}/content"]
        ),
    ]


def show_file(file: File) -> FileView:
    """Return a file as the API shows it."""
    file_id = format_id(FILE_PREFIX, file.file_id)
    return FileView(
        file_id=file_id,
        slack_id=file.slack_id,
        name=file.name,
        title=file.title,
        media_type=file.media_type,
        size=file.size_bytes,
        width=file.width,
        height=file.height,
        is_image=file.is_image,
        created_at=file.created_at,
        deleted_at=file.deleted_at,
        member_id=format_id(MEMBER_PREFIX, file.member_id),
        download_url=f"{FILES_PATH}/{file_id}/content",
    )
