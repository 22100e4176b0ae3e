"""Protection from cross-site request forgery: a page of another site must not act for a person who is signed in here.

Browsers send the session's cookie also with requests that other sites start. `SameSite=Lax` prevents most of that. In
addition, an unsafe request with a session needs both of these:

- Its origin is this server: the browser says so in `Sec-Fetch-Site`, or else in `Origin`. A request with neither isn't
  from a browser of the last years, and only needs the token.
- `X-CSRF-Token` has the token of the session, which only pages of this server can read.

A WebSocket's handshake can't have a token, and so only its origin is checked.
"""

import base64
import hashlib
import hmac
from typing import Final

from ninefold.core.web.errors import CrossSiteRequestError
from ninefold.core.web.site import Site
from ninefold.core.web.surfaces import Connection

CSRF_HEADER: Final = "X-CSRF-Token"

_PURPOSE: Final = b"ninefold csrf"
_OWN_SITES: Final = frozenset({"same-origin", "none"})
"""`none`: the person typed the address, or used a bookmark."""


def csrf_token(session_text: str) -> str:
    """Return the token of a session. It is derived from the cookie, which can't be derived from it."""
    digest = hmac.digest(session_text.encode(), _PURPOSE, hashlib.sha256)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def require_own_origin(connection: Connection, site: Site) -> None:
    """Refuse a request that a page of another origin has started.

    Raises:
        CrossSiteRequestError: another origin started it.
    """
    fetch_site = connection.headers.get("sec-fetch-site")
    if fetch_site is not None:
        is_own = fetch_site in _OWN_SITES
    else:
        origin = connection.headers.get("origin")
        is_own = origin is None or site.is_own_origin(connection, origin)
    if not is_own:
        raise CrossSiteRequestError(
            "A page of another site has started this request.",
            remedy="Use the console of this server. Behind a reverse proxy, set NINEFOLD_PUBLIC_URL to its address.",
        )


def require_csrf_token(connection: Connection, session_text: str) -> None:
    """Refuse a request without the token of its session.

    Raises:
        CrossSiteRequestError: the token is missing or wrong.
    """
    given = connection.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_token(session_text).encode()):
        raise CrossSiteRequestError(
            f"The header {CSRF_HEADER} is missing, or isn't the token of this session.",
            field=CSRF_HEADER,
            remedy="Send the csrf_token of GET /api/v1/session.",
        )
