"""The errors of video that callers can get."""

from ninefold.core.errors import NotFoundError


class TitleNotFoundError(NotFoundError):
    """The organisation has no title with this id."""

    code = "video_title_not_found"
    title = "Title not found"
