"""URLs that a request may be sent to: parsed strictly, and once for all requests.

Only the text is checked here; `AddressPolicy` checks the addresses of the host, for each connection.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import quote

import idna
import msgspec

from ninefold.core.errors import InvalidInputError

URL_LENGTH_MAX: Final = 2048

_HOST_LENGTH_MAX: Final = 253
_PORT_MAX: Final = 65535
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_EXAMPLE: Final = "https://example.com/path"

# RFC 3986, appendix B, for the schemes that are allowed.
_URL: Final = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path_and_query>[^#]*)(?P<fragment>#.*)?"
)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_UNWANTED: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\u200b\u2060\ufeff]|\s")
_LINE_BREAKS: Final = frozenset("\r\n\x0b\x0c\x85\u2028\u2029")
_INVISIBLE: Final = frozenset("\u200b\u2060\ufeff")
"""Zero-width characters that are copied along with a URL; the first and the last are often unseen."""
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# What the system's resolver could read as an IPv4 address (WHATWG URL, "ends in a number checker").
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SENT_AS_WRITTEN: Final = "/?:@!$&'()*+,;=-._~%[]"


class InvalidTargetError(InvalidInputError):
    """No request may be sent to this URL."""

    code = "invalid_url"
    title = "Invalid URL"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request goes; `parse_target` makes it."""

    scheme: str
    host: str
    """A name in lower case and ASCII (punycode), or an IP address without brackets."""
    port: int
    path_and_query: str
    authority: str
    """Host, and port if it isn't the scheme's own: the value of the `host` header."""
    is_address: bool
    """Whether `host` is an IP address, so that there is nothing to resolve."""
    origin: str
    """`scheme://host:port`; requests with the same origin can share connections."""
    request_head: bytes
    """The request line of a POST and its `host` header, ready to send."""

    def head_for(self, method: str) -> bytes:
        """Return the request line for a method, and the `host` header."""
        return f"{method} {self.path_and_query} HTTP/1.1\r\nhost: {self.authority}\r\n".encode("ascii")


def parse_target(url: str) -> Target:
    """Parse and check a URL.

    The scheme is `http` or `https`. Credentials, fragments and characters that two parsers could read differently are
    refused. An IPv4 address is written as four decimal numbers; other notations that a resolver would accept are
    refused.

    Raises:
        InvalidTargetError: names the part that is wrong, and what to do.
    """
    if len(url) > URL_LENGTH_MAX:
        raise _invalid(f"The URL has {len(url)} characters.", f"Use at most {URL_LENGTH_MAX} characters.")
    if (unwanted := _UNWANTED.search(url)) is not None:
        raise _unwanted_character(url, unwanted.start())
    match = _URL.fullmatch(url)
    if match is None:
        raise _invalid("The URL isn't absolute.", f"Write it in full, such as {_EXAMPLE}.")
    scheme = match["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        raise _invalid(f"The URL's scheme is {scheme}.", "Use https, or http.")
    if match["fragment"] is not None:
        raise _invalid("The URL has a fragment, which is never sent.", "Remove the # and what follows it.")
    host, port_text = _split_authority(match["authority"])
    is_address = ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]) is not None
    port = _parse_port(port_text, scheme=scheme)
    path_and_query = _encode_path(match["path_and_query"])
    bracketed_host = f"[{host}]" if ":" in host else host
    authority = bracketed_host if port == _DEFAULT_PORTS[scheme] else f"{bracketed_host}:{port}"
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        path_and_query=path_and_query,
        authority=authority,
        is_address=is_address,
        origin=f"{scheme}://{bracketed_host}:{port}",
        request_head=f"POST {path_and_query} HTTP/1.1\r\nhost: {authority}\r\n".encode("ascii"),
    )


def _unwanted_character(url: str, position: int) -> InvalidTargetError:
    character = url[position]
    name = _name_of(character)
    if position == 0 or not _UNWANTED.sub("", url[position:]):
        return _invalid(f"The URL {'begins' if position == 0 else 'ends'} with {name}.", "Remove it.")
    if character == "\\":
        return _invalid(f"The URL contains {name}.", "Write / instead, or %5C where a backslash is meant.")
    if character == " ":
        return _invalid(f"The URL contains {name}.", "Remove it, or write it as %20 in the path or in the query.")
    return _invalid(f"The URL contains {name}.", "Remove it.")


def _name_of(character: str) -> str:
    if character == "\\":
        return "a backslash"
    if character == "\t":
        return "a tab"
    if character in _LINE_BREAKS:
        return "a line break"
    if character in _INVISIBLE:
        return f"an invisible character (U+{ord(character):04X})"
    if character.isspace():
        return "a space" if character == " " else f"a space (U+{ord(character):04X})"
    return f"a control character (U+{ord(character):04X})"


def _split_authority(authority: str) -> tuple[str, str | None]:
    if "@" in authority:
        raise _invalid(
            "The URL contains a user name or a password.",
            "Remove everything before the @, and the @ itself.",
        )
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _invalid("The URL's host or port has the wrong form.", f"Write it such as {_EXAMPLE}.")
    host = match["host"]
    if host.startswith("["):
        return _parse_ipv6(host[1:-1]), match["port"]
    return _parse_host(host), match["port"]


def _parse_ipv6(text: str) -> str:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise _invalid(f"[{text}] isn't an IPv6 address.", "Write it such as [2001:db8::1].") from None
    if address.scope_id is not None:
        raise _invalid("The URL's IPv6 address has a zone.", "Remove the % and what follows it.")
    return str(address)


def _parse_host(text: str) -> str:
    host = _to_ascii(text).lower()
    host = host.removesuffix(".")
    labels = host.split(".")
    if not host or len(host) > _HOST_LENGTH_MAX or not all(map(_LABEL.fullmatch, labels)):
        raise _invalid(f"{text[:80]!r} isn't a host name.", f"Write the URL such as {_EXAMPLE}.")
    if _NUMBER.fullmatch(labels[-1]):
        return _parse_ipv4(host)
    return host


def _to_ascii(text: str) -> str:
    # UTS 46 also turns full-width digits and dots into ASCII ones, so that the checks below see them.
    if text.isascii():
        return text
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        raise _invalid(
            f"{text[:80]!r} isn't an international host name.", "Write it in its ASCII form (xn--…)."
        ) from None


def _parse_ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise _invalid(
            f"{text[:80]!r} is an unusual notation of an IPv4 address.",
            "Write it as four decimal numbers, such as 192.0.2.1.",
        ) from None


def _parse_port(text: str | None, *, scheme: str) -> int:
    # An empty port, as in `http://host:/`, is the default one (RFC 3986 §3.2.3).
    port = int(text) if text else _DEFAULT_PORTS[scheme]
    if not 1 <= port <= _PORT_MAX:
        raise _invalid(f"The URL's port is {port}.", f"Use a port from 1 to {_PORT_MAX}, or none.")
    return port


def _encode_path(text: str) -> str:
    rooted = text if text.startswith("/") else f"/{text}"
    return quote(rooted, safe=_SENT_AS_WRITTEN)


def _invalid(detail: str, remedy: str) -> InvalidTargetError:
    return InvalidTargetError(detail, field="url", remedy=remedy)
