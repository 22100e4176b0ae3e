"""Requests that are forwarded unchanged: how an event stores one, and what is sent.

The payload of its event is JSON like every other, with the body in base64, so that it can be shown. What is sent are
the original body and headers, except those that belong to the original connection. Those that Standard Webhooks defines
are replaced by ours, and keep their values under another name.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ninefold.contracts.webhooks import ForwardSignature

PREFIX_OF_REPLACED: Final = b"x-original-"

_OF_CONNECTION: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # The response is ours to read.
        b"accept-encoding",
    }
)
"""Hop-by-hop headers (RFC 9110 §7.6.1), and those that the new connection has itself."""

_REPLACED: Final = frozenset({b"webhook-id", b"webhook-timestamp", b"webhook-signature"})


class ForwardedHead(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent of a forwarded request, but for our signature."""

    head: bytes
    """Lines of `name: value` that end with CR LF."""
    body: bytes
    signature: ForwardSignature


class _Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    headers: list[tuple[str, str]]
    # msgspec encodes bytes as base64.
    body_base64: bytes
    signature: ForwardSignature = "standard"


def store_forwarded(
    headers: Sequence[tuple[bytes, bytes]], body: bytes, *, signature: ForwardSignature = "standard"
) -> bytes:
    """Return the payload of the event of a request."""
    kept = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    return msgspec.json.encode(_Stored(headers=kept, body_base64=body, signature=signature))


def read_forwarded(payload: bytes) -> ForwardedHead:
    """Return what is sent of the request that a payload of `store_forwarded` has."""
    stored = _decoder.decode(payload)
    lines = []
    for name_text, value in stored.headers:
        name = name_text.encode("latin-1")
        lower = name.lower()
        if lower in _OF_CONNECTION:
            continue
        sent_name = PREFIX_OF_REPLACED + name if lower in _REPLACED else name
        lines.append(b"%b: %b\r\n" % (sent_name, value.encode("latin-1")))
    return ForwardedHead(head=b"".join(lines), body=stored.body_base64, signature=stored.signature)


_decoder: Final = msgspec.json.Decoder(_Stored)
