"""Errors of the results services: Twirp's `{"code", "msg"}`, and for contents Azure's XML."""

from typing import Any, Final
from xml.sax.saxutils import escape

from litestar import Request, Response

from ninefold.core.errors import NinefoldError

_CODES: Final = {
    400: ("malformed", 400),
    401: ("unauthenticated", 401),
    403: ("permission_denied", 403),
    404: ("not_found", 404),
    405: ("bad_route", 404),
    408: ("deadline_exceeded", 408),
    409: ("already_exists", 409),
    413: ("resource_exhausted", 413),
    415: ("malformed", 400),
    422: ("invalid_argument", 400),
    429: ("resource_exhausted", 429),
    503: ("unavailable", 503),
}

_AZURE_CODES: Final = {
    401: "AuthenticationFailed",
    403: "AuthenticationFailed",
    404: "BlobNotFound",
    409: "InvalidOperation",
    413: "RequestBodyTooLarge",
    422: "InvalidBlockList",
}
_UNPROCESSABLE: Final = 422
_BAD_REQUEST: Final = 400


def show_twirp_error(_: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error of a method."""
    code, status = _CODES.get(error.http_status, ("internal", 500))
    meta = {"code": error.code} | ({"argument": error.field} if error.field else {})
    return Response({"code": code, "msg": str(error), "meta": meta}, status_code=status)


def show_azure_error(_: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
    """Return the response for an error of contents."""
    code = _AZURE_CODES.get(error.http_status, "InvalidInput" if error.http_status < 500 else "ServerBusy")  # noqa: PLR2004 - of HTTP.
    details = f"<Code>{code}</Code><Message>{escape(str(error))}</Message>"
    body = f'<?xml version="1.0" encoding="utf-8"?><Error>{details}</Error>'
    status = _BAD_REQUEST if error.http_status == _UNPROCESSABLE else error.http_status
    return Response(body, status_code=status, media_type="application/xml", headers={"x-ms-error-code": code})
