"""What can be wrong with a request before a system sees it, and with answering it."""

from collections.abc import Sequence

from ninefold.core.errors import InvalidInputError, NinefoldError, NotFoundError, UnavailableError


class BadRequestError(NinefoldError):
    """The request isn't proper HTTP, or has an address that can't be read."""

    code = "bad_request"
    title = "Bad request"
    http_status = 400


class UnknownParameterError(NinefoldError):
    """The query has a parameter that the route doesn't know."""

    code = "unknown_parameter"
    title = "Unknown parameter"
    http_status = 400


class BadJsonError(NinefoldError):
    """The body isn't JSON, or isn't UTF-8, or can't be decoded."""

    code = "bad_json"
    title = "Bad JSON"
    http_status = 400


class BadFormError(NinefoldError):
    """The body isn't a form, or its fields contradict each other."""

    code = "bad_form"
    title = "Bad form"
    http_status = 400


class ClientDisconnectedError(NinefoldError):
    """The client went away before its body had arrived; nobody reads the answer."""

    code = "client_disconnected"
    title = "Client disconnected"
    http_status = 400


class RouteNotFoundError(NotFoundError):
    """No route has this path."""

    code = "route_not_found"
    title = "Route not found"


class MethodNotAllowedError(NinefoldError):
    """The path exists, but not with this method."""

    code = "method_not_allowed"
    title = "Method not allowed"
    http_status = 405

    def __init__(self, detail: str, *, allowed: Sequence[str]) -> None:
        super().__init__(detail, remedy=f"Use {', '.join(allowed)}.")
        self.allowed = allowed


class UnsupportedMediaTypeError(NinefoldError):
    """The body is of a kind that isn't understood here."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    http_status = 415


class UnsupportedEncodingError(UnsupportedMediaTypeError):
    """The body is compressed, or encoded otherwise."""

    code = "unsupported_encoding"
    title = "Unsupported encoding"


class InvalidCursorError(InvalidInputError):
    """A cursor wasn't made by us, or for another list."""

    code = "invalid_cursor"
    title = "Invalid cursor"


class InternalError(NinefoldError):
    """A bug of ours. The log has it under the request's id; the answer says nothing about its inside."""


class NotReadyError(UnavailableError):
    """The process lives, but can't serve yet."""

    code = "not_ready"
    title = "Not ready"
