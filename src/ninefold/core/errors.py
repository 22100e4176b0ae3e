"""The root of every error that Ninefold means to show: what is wrong, where, and what to do.

Systems grow one small tree each from `NinefoldError`. Whatever isn't one of these is a bug, and a 500.
"""

from typing import ClassVar


class NinefoldError(Exception):
    """Something that a caller can act on.

    Args:
        detail: what happened, to what, in one sentence.
        field: the input that caused it, as a path (`url`, `events[3].payload`), where there is one.
        remedy: what to do about it, in one sentence.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"
    http_status: ClassVar[int] = 500
    is_retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, field: str | None = None, remedy: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}" if self.remedy else self.detail


class InvalidInputError(NinefoldError):
    """An input has the wrong form or value."""

    code = "invalid_input"
    title = "Invalid input"
    http_status = 422


class NotFoundError(NinefoldError):
    """The thing doesn't exist, or belongs to another organisation: a caller can't tell which."""

    code = "not_found"
    title = "Not found"
    http_status = 404


class ConflictError(NinefoldError):
    """The thing is in a state that doesn't allow this now."""

    code = "conflict"
    title = "Conflict"
    http_status = 409


class PayloadTooLargeError(NinefoldError):
    """A body is larger than its limit."""

    code = "payload_too_large"
    title = "Payload too large"
    http_status = 413


class UnauthorizedError(NinefoldError):
    """The request carries no valid credentials."""

    code = "unauthorized"
    title = "Unauthorized"
    http_status = 401


class UnavailableError(NinefoldError):
    """Something that Ninefold depends on doesn't answer now."""

    code = "unavailable"
    title = "Unavailable"
    http_status = 503
    is_retryable = True


class SettingError(NinefoldError):
    """A setting, or the machine, doesn't allow the start; `field` names the variable."""

    code = "bad_setting"
    title = "Bad setting"
