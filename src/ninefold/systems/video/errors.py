"""The errors of video that callers can get."""

from ninefold.core.errors import ForbiddenError, NotFoundError, UnavailableError


class TitleNotFoundError(NotFoundError):
    """The organisation has no title with this id."""

    code = "video_title_not_found"
    title = "Title not found"


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
