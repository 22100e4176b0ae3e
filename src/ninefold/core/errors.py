"""The base classes of all errors that Ninefold shows to clients and operators: what is wrong, where, and what to do.

Each system derives its own errors from `NinefoldError`. Any other exception is a bug and becomes a 500.
"""

from typing import ClassVar


class NinefoldError(Exception):
    """An error that the caller can act on.

    Args:
        detail: what happened, in one sentence.
        field: the path of the input that caused it (`url`, `events[3].payload`), if there is one.
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
    """An input has the wrong format or value."""

    code = "invalid_input"
    title = "Invalid input"
    http_status = 422


class NotFoundError(NinefoldError):
    """The resource doesn't exist, or belongs to another organisation; a caller can't distinguish the two."""

    code = "not_found"
    title = "Not found"
    http_status = 404


class ConflictError(NinefoldError):
    """The resource is in a state that doesn't allow this."""

    code = "conflict"
    title = "Conflict"
    http_status = 409


class PayloadTooLargeError(NinefoldError):
    """A body is larger than its limit."""

    code = "payload_too_large"
    title = "Payload too large"
    http_status = 413


class RequestTimeoutError(NinefoldError):
    """The client didn't send its whole request in time. Its connection is closed after the response."""

    code = "request_timeout"
    title = "Request timeout"
    http_status = 408
    is_retryable = True


class UnauthorizedError(NinefoldError):
    """The request has no valid credentials."""

    code = "unauthorized"
    title = "Unauthorized"
    http_status = 401


class ForbiddenError(NinefoldError):
    """The credentials are valid, but don't allow this."""

    code = "forbidden"
    title = "Forbidden"
    http_status = 403


class TooManyRequestsError(NinefoldError):
    """The caller has to wait before another attempt.

    Args:
        detail: what happened, in one sentence.
        retry_after_s: seconds to wait.
        remedy: what to do about it, in one sentence.
    """

    code = "too_many_requests"
    title = "Too many requests"
    http_status = 429
    is_retryable = True

    def __init__(self, detail: str, *, retry_after_s: int, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        self.retry_after_s = retry_after_s


class UnavailableError(NinefoldError):
    """Something that Ninefold depends on is temporarily unavailable."""

    code = "unavailable"
    title = "Unavailable"
    http_status = 503
    is_retryable = True


class SettingError(NinefoldError):
    """A setting or this machine prevents the start; `field` is the name of the variable."""

    code = "bad_setting"
    title = "Bad setting"
