"""Build the bytes that a provider signed."""

import re
from collections.abc import Sequence
from typing import Final

from ninefold.systems.callbacks.verification.headers import single_header
from ninefold.systems.callbacks.verification.keys import encode_text
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
    signed_urls = urls if any(part.kind in {"url", "decoded_url"} for part in parts) else urls[:1]
    return [b"".join([_piece(part, request, url=url, timestamp=timestamp) for part in parts]) for url in signed_urls]


# The characters that HubSpot decodes before it signs a URL.
_DECODED: Final = {f"%{ord(character):02X}": character for character in ":/?@!$'()*,;"}
_DECODABLE: Final = re.compile("|".join(_DECODED), re.IGNORECASE)


def _piece(part: Part, request: ReceivedRequest, *, url: str, timestamp: bytes) -> bytes:
    match part.kind:
        case "body":
            return request.body
        case "timestamp":
            return timestamp
        case "header":
            return single_header(request, part.name)
        case _:
            return encode_text(_text_piece(part, request, url=url))


def _text_piece(part: Part, request: ReceivedRequest, *, url: str) -> str:
    match part.kind:
        case "text":
            return part.name
        case "url":
            return url
        case "decoded_url":
            return _DECODABLE.sub(lambda match: _DECODED[match[0].upper()], url)
        case _:
            return str(getattr(request, part.kind))
