"""The errors of video that callers can get."""

from ninefold.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnavailableError,
)


class TitleNotFoundError(NotFoundError):
    """The organisation has no title with this id."""

    code = "video_title_not_found"
    title = "Title not found"


class TitleEndedError(ConflictError):
    """The title has ended, so it can't be canceled."""

    code = "video_title_ended"
    title = "Title has ended"


class TitleNotFailedError(ConflictError):
    """Nothing of the title can be tried again."""

    code = "video_title_not_failed"
    title = "Title hasn't failed"


class SubtitleNotFoundError(NotFoundError):
    """The title has no subtitles in this language."""

    code = "video_subtitle_not_found"
    title = "Subtitles not found"


class InvalidSubtitleError(InvalidInputError):
    """A text isn't subtitles that can be shown."""

    code = "video_invalid_subtitle"
    title = "Invalid subtitles"


class UploadNotFoundError(NotFoundError):
    """The organisation has no upload with this id."""

    code = "video_upload_not_found"
    title = "Upload not found"


class UploadGoneError(NinefoldError):
    """The upload was terminated, has expired, or its title was canceled."""

    code = "video_upload_gone"
    title = "Upload is gone"
    http_status = 410


class UploadOffsetError(ConflictError):
    """The bytes don't begin where the upload ends."""

    code = "video_upload_offset"
    title = "Wrong offset"


class UploadBusyError(NinefoldError):
    """Another request is appending to the upload."""

    code = "video_upload_busy"
    title = "Upload is busy"
    http_status = 423


class UploadTooLargeError(PayloadTooLargeError):
    """The upload is larger than the limit, or a body than what is left of the upload."""

    code = "video_upload_too_large"
    title = "Upload too large"


class UploadChecksumError(NinefoldError):
    """The bytes don't have the checksum that their sender has named; none of them counts."""

    code = "video_upload_checksum"
    title = "Checksum mismatch"
    # Of the checksum extension of tus.
    http_status = 460


class UploadIdleError(RequestTimeoutError):
    """The sender has sent nothing for too long; what came is kept."""

    code = "video_upload_idle"
    title = "Upload is idle"


class UploadInterruptedError(UnavailableError):
    """The server stops, or has too many uploads at once; what came is kept."""

    code = "video_upload_interrupted"
    title = "Upload interrupted"


class InvalidUploadError(NinefoldError):
    """A request isn't one of tus."""

    code = "video_invalid_upload"
    title = "Invalid upload"
    http_status = 400


class UploadVersionError(NinefoldError):
    """The request doesn't name the version of tus that is spoken here."""

    code = "video_upload_version"
    title = "Wrong version of tus"
    http_status = 412


class UploadTypeError(NinefoldError):
    """The body of a request isn't declared as the bytes of an upload."""

    code = "video_upload_type"
    title = "Wrong media type"
    http_status = 415


class NotVideoError(NinefoldError):
    """What is uploaded can't be encoded."""

    code = "video_not_a_video"
    title = "Not a video"
    http_status = 415


class PlayTokenInvalidError(ForbiddenError):
    """The token in the address isn't one of this installation, or is another title's."""

    code = "video_play_token_invalid"
    title = "Address not valid"


class PlayTokenExpiredError(ForbiddenError):
    """The token in the address was valid, and isn't any more."""

    code = "video_play_token_expired"
    title = "Address expired"


class StreamFileNotFoundError(NotFoundError):
    """The title has no such file: another rung, a segment that isn't encoded, or no picture."""

    code = "video_file_not_found"
    title = "File not found"


class NotPlayableYetError(UnavailableError):
    """The title has no segment yet."""

    code = "video_not_playable_yet"
    title = "Not playable yet"
