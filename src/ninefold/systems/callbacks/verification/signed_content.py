"""Build the bytes that a provider signed."""

from collections.abc import Sequence

from ninefold.systems.callbacks.verification.headers import single_header
from ninefold.systems.callbacks.verification.model import ReceivedRequest
from ninefold.systems.callbacks.verification.schemes import SignatureScheme
from ninefold.systems.callbacks.verification.templates import Part, parse_signed_content


def signed_contents(
    scheme: SignatureScheme, request: ReceivedRequest, *, urls: Sequence[str], timestamp: bytes
) -> list[bytes]:
    """Return the content that a signature may be of: one, or one for each URL if the URL is signed.

    Args:
        scheme: its `signed_content` is the template.
        request: the request.
        urls: under which the provider may have called the source.
        timestamp: the time of sending, as the request has it.

    Raises:
        RejectionError: a header that is signed is missing or repeated.
    """
    parts = parse_signed_content(scheme.signed_content)
    signed_urls = urls if any(part.kind == "url" for part in parts) else urls[:1]
    return [b"".join([_piece(part, request, url=url, timestamp=timestamp) for part in parts]) for url in signed_urls]


def _piece(part: Part, request: ReceivedRequest, *, url: str, timestamp: bytes) -> bytes:
    match part.kind:
        case "body":
            return request.body
        case "timestamp":
            return timestamp
        case "header":
            return single_header(request, part.name)
        case "url":
            return encode_text(url)
        case "text":
            return encode_text(part.name)
        case _:
            return encode_text(str(getattr(request, part.kind)))


def encode_text(text: str) -> bytes:
    """Return a text in UTF-8. What isn't valid there can't be signed, and so can't match."""
    return text.encode("utf-8", "surrogateescape")
