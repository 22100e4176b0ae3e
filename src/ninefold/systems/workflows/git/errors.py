"""Errors as git shows them: a text after `remote:`, and `401` with a challenge, so that git asks for a password."""

from typing import Any, Final

from litestar import Request, Response

from ninefold.core.errors import NinefoldError, TooManyRequestsError, UnauthorizedError, UnavailableError

CHALLENGE: Final = 'Basic realm="Ninefold", charset="UTF-8"'

_RETRY_AFTER_S: Final = 5


def show_git_error(_: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error."""
    headers = {}
    if isinstance(error, UnauthorizedError):
        headers["WWW-Authenticate"] = CHALLENGE
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, UnavailableError):
        headers["Retry-After"] = str(_RETRY_AFTER_S)
    return Response(f"{error}\n", status_code=error.http_status, media_type="text/plain", headers=headers)
