"""The request that verification gets, from what was stored of it."""

from collections.abc import Sequence
from datetime import datetime

from ninefold.systems.callbacks.model import Header
from ninefold.systems.callbacks.verification import ReceivedRequest


def received_request(
    *,
    method: str,
    scheme: str,
    path: bytes,
    query: bytes,
    headers: Sequence[Header],
    body: bytes,
    received_at: datetime,
    public_url: str | None,
) -> ReceivedRequest:
    """Return a request with its public URL, which some providers sign.

    Args:
        method: such as `POST`.
        scheme: the scheme of the connection; behind a proxy it isn't that of the public URL.
        path: the path, as received.
        query: the query, as received, without `?`.
        headers: all headers.
        body: the body.
        received_at: when it was received.
        public_url: the URL of the server for providers; None if it is the Host header.
    """
    # Latin-1 never fails, and is what a signer of ASCII expects.
    path_text, query_text = path.decode("latin-1"), query.decode("latin-1")
    base = public_url or f"{scheme}://{_host(headers)}"
    return ReceivedRequest(
        method=method,
        url=f"{base}{path_text}{'?' if query_text else ''}{query_text}",
        path=path_text,
        query=query_text,
        headers=tuple(headers),
        body=body,
        received_at=received_at,
    )


def _host(headers: Sequence[Header]) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == b"host"), "localhost")
