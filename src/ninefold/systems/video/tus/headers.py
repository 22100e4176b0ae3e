"""The headers of tus 1.0: what requests say, and what answers do."""

from email.utils import format_datetime
from typing import Final

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.video.errors import InvalidUploadError, UploadTypeError, UploadVersionError
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX, Upload
from ninefold.systems.video.rules.checksums import ALGORITHMS
from ninefold.systems.video.rules.checksums import FIELD as CHECKSUM

VERSION: Final = "1.0.0"
UPLOADS_PATH: Final = "/api/v1/video/uploads"
OFFSET_TYPE: Final = "application/offset+octet-stream"
EXTENSIONS: Final = "creation,creation-with-upload,termination,checksum,expiration"

RESUMABLE: Final = {"Tus-Resumable": VERSION}
"""In every answer."""

_DIGITS_MAX: Final = 18


def require_version(request: RawRequest) -> None:
    """Check the version of the protocol.

    Raises:
        UploadVersionError: the request names none, or another one.
    """
    version = request.headers.get("tus-resumable", "")
    if version != VERSION:
        raise UploadVersionError(
            f"The request's version of tus is {version[:20]!r}, and {VERSION} is spoken here.",
            field="Tus-Resumable",
            remedy=f"Send the header `Tus-Resumable: {VERSION}`, as every client of tus does.",
        )


def require_bytes(request: RawRequest) -> None:
    """Check that the body is declared as the bytes of an upload.

    Raises:
        UploadTypeError: it isn't.
    """
    if request.media_type != OFFSET_TYPE:
        raise UploadTypeError(
            f"The Content-Type is {request.media_type[:60]!r}.",
            field="Content-Type",
            remedy=f"Send the header `Content-Type: {OFFSET_TYPE}`.",
        )


def number_in(request: RawRequest, name: str) -> int:
    """Return the number in a header.

    Raises:
        InvalidUploadError: it is missing, or isn't a number.
    """
    text = request.headers.get(name, "")
    if not text.isdecimal() or not text.isascii() or len(text) > _DIGITS_MAX:
        raise InvalidUploadError(
            f"The header {name} is {text[:40]!r}, which isn't a number of bytes.",
            field=name,
            remedy=f"Send {name} with a whole number.",
        )
    return int(text)


def length_of(request: RawRequest) -> int:
    """Return how many bytes an upload will have.

    Raises:
        InvalidUploadError: the request doesn't say so, or says 0.
    """
    if "upload-defer-length" in request.headers or "upload-concat" in request.headers:
        raise InvalidUploadError(
            "Uploads whose length isn't known, and those of several uploads, aren't supported.",
            field="Upload-Length",
            remedy="Send Upload-Length with the size of the file.",
        )
    length = number_in(request, "Upload-Length")
    if length == 0:
        raise InvalidUploadError("The file is empty.", field="Upload-Length", remedy="Upload a video file.")
    return length


def body_size_of(request: RawRequest) -> int | None:
    """Return how many bytes the body has; None if that isn't known."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else None


def checksum_of(request: RawRequest) -> str | None:
    """Return the checksum that the body must have."""
    return request.headers.get(CHECKSUM)


def describe_server(*, upload_bytes_max: int) -> dict[str, str]:
    """Return the headers that say what the server can do."""
    return {
        **RESUMABLE,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(upload_bytes_max),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def describe_upload(upload: Upload) -> dict[str, str]:
    """Return the headers that say how far an upload is."""
    headers = {**RESUMABLE, "Upload-Offset": str(upload.last_offset)}
    headers["Ninefold-Title"] = format_id(TITLE_PREFIX, upload.title_id)
    if not upload.is_complete:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    return headers


def path_of(upload: Upload) -> str:
    """Return the path of an upload."""
    return f"{UPLOADS_PATH}/{format_id(UPLOAD_PREFIX, upload.upload_id)}"
