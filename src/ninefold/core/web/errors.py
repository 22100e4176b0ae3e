"""Errors in a request that are found before a system handles it, and errors while responding."""

from collections.abc import Sequence

from ninefold.core.errors import ForbiddenError, InvalidInputError, NinefoldError, NotFoundError, UnavailableError


class BadRequestError(NinefoldError):
    """The request isn't valid HTTP, or its URL can't be decoded."""

    code = "bad_request"
    title = "Bad request"
    http_status = 400


class UnknownParameterError(NinefoldError):
    """The query string has a parameter that the route doesn't define."""

    code = "unknown_parameter"
    title = "Unknown parameter"
    http_status = 400


class BadJsonError(NinefoldError):
    """The body isn't JSON, isn't UTF-8, or can't be decoded."""

    code = "bad_json"
    title = "Bad JSON"
    http_status = 400


class BadFormError(NinefoldError):
    """The body isn't a form, or its fields contradict each other."""

    code = "bad_form"
    title = "Bad form"
    http_status = 400


class ClientDisconnectedError(NinefoldError):
    """The client disconnected before it had sent the whole body, so nobody reads the response."""

    code = "client_disconnected"
    title = "Client disconnected"
    http_status = 400


class RouteNotFoundError(NotFoundError):
    """No route has this path."""

    code = "route_not_found"
    title = "Route not found"


class MethodNotAllowedError(NinefoldError):
    """The path exists, but doesn't allow this method."""

    code = "method_not_allowed"
    title = "Method not allowed"
    http_status = 405

    def __init__(self, detail: str, *, allowed: Sequence[str]) -> None:
        super().__init__(detail, remedy=f"Use {', '.join(allowed)}.")
        self.allowed = allowed


class UpgradeRequiredError(NinefoldError):
    """The path has only a WebSocket, and the request isn't its handshake."""

    code = "upgrade_required"
    title = "Upgrade required"
    http_status = 426


class UnsupportedMediaTypeError(NinefoldError):
    """The route doesn't support the media type of the body."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    http_status = 415


class UnsupportedEncodingError(UnsupportedMediaTypeError):
    """The body is compressed or has another content encoding."""

    code = "unsupported_encoding"
    title = "Unsupported encoding"


class InvalidCursorError(InvalidInputError):
    """The cursor isn't one of Ninefold's, or belongs to another list."""

    code = "invalid_cursor"
    title = "Invalid cursor"


class InternalError(NinefoldError):
    """A bug in Ninefold. The details are in the log, under the request's id, and not in the response."""


class NotReadyError(UnavailableError):
    """The process is alive, but can't serve requests yet."""

    code = "not_ready"
    title = "Not ready"


class CrossSiteRequestError(ForbiddenError):
    """A request with a session may have been started by a page of another site."""

    code = "cross_site_request"
    title = "Request of another site"


class SessionOnlyError(ForbiddenError):
    """Only a person who is signed in can do this, and not an API key or a personal token."""

    code = "session_only"
    title = "Only for people"
