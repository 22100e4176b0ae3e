"""Repairs the head of a response that breaks the rules of HTTP, where curl and browsers understand it.

It is only used after the strict parser has refused a head. That is safe here: no response is forwarded to anyone who
could read it differently, and a connection that brought such a head isn't used again.
"""

import re
from typing import Final

import msgspec

STATUS_LINE: Final = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]*(\d{3})(?=[\s]|$)", re.IGNORECASE)
"""The beginning of a status line; its group is the status."""

_STATUS_MIN: Final = 100
_STATUS_SWITCHING_PROTOCOLS: Final = 101
_STATUSES_INTERIM: Final = frozenset(range(_STATUS_MIN, 200)) - {_STATUS_SWITCHING_PROTOCOLS}

_PROTOCOL: Final = b"HTTP/"
_LINE_ENDS: Final = b"\r\n"
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*:(.*)", re.DOTALL)
_CONTROL_CHARACTER: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_LENGTH: Final = re.compile(rb"\d{1,18}")


class RepairedHead(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a response in the form that the strict parser accepts."""

    head: bytes
    """Status line and headers, with the empty line at their end."""
    rest: bytes
    """What followed the head."""
    is_length_readable: bool
    """False if the length of the body is missing from `head` because it wasn't a number, or there were several."""


def may_be_response(data: bytes) -> bool:
    """Return whether these first bytes contain a response's status line, or the beginning of one."""
    data = _skip_interim(data)
    if b"\n" in data:
        return STATUS_LINE.match(data) is not None
    return data[: len(_PROTOCOL)].upper() == _PROTOCOL[: len(data)]


def find_status(data: bytes) -> int | None:
    """Return the status in the first bytes of a response, after interim ones; None if they have none."""
    match = STATUS_LINE.match(_skip_interim(data))
    status = int(match[1]) if match else 0
    return status if status >= _STATUS_MIN and status not in _STATUSES_INTERIM else None


def repair_head(data: bytes) -> RepairedHead | None:
    """Repair the head of a response, of which these are the first bytes; None if they don't contain all of it.

    It accepts: bare LF as a line's end, several or no spaces before the status, any version, folded headers, spaces
    around names, control characters in values, and a length that is repeated, or contradicted by
    `Transfer-Encoding` (which takes precedence, RFC 9112 §6.3). Interim responses, and lines that aren't headers, are
    dropped.

    Args:
        data: what `may_be_response` has accepted.
    """
    data = _skip_interim(data)
    head, rest = _split_head(data)
    match = STATUS_LINE.match(data)
    if head is None or match is None:
        return None
    return _repair(int(match[1]), head.split(b"\n")[1:], rest)


def _skip_interim(data: bytes) -> bytes:
    """Remove empty lines and whole interim responses from the beginning."""
    while True:
        data = data.lstrip(_LINE_ENDS)
        match = STATUS_LINE.match(data)
        head, rest = _split_head(data)
        if head is None or match is None or int(match[1]) not in _STATUSES_INTERIM:
            return data
        data = rest


def _split_head(data: bytes) -> tuple[bytes | None, bytes]:
    """Split after the empty line at the end of the head; None if there is none."""
    ends = [(at, at + len(mark)) for mark in (b"\n\n", b"\n\r\n") if (at := data.find(mark)) >= 0]
    if not ends:
        return None, data
    head_end, rest_start = min(ends)
    return data[:head_end], data[rest_start:]


def _repair(status: int, lines: list[bytes], rest: bytes) -> RepairedHead:
    fields = _read_fields(lines)
    lengths = set(_read_list(fields, b"content-length", default=b"unreadable"))
    codings = _read_list(fields, b"transfer-encoding")
    is_readable = bool(codings) or not lengths or (len(lengths) == 1 and all(map(_LENGTH.fullmatch, lengths)))
    kept = [field for field in fields if field[0] not in {b"content-length", b"transfer-encoding"}]
    if codings:
        kept.append((b"transfer-encoding", b", ".join(codings)))
    elif is_readable and lengths:
        kept.append((b"content-length", lengths.pop()))
    head = b"".join((b"HTTP/1.1 %d \r\n" % status, *(b"%b: %b\r\n" % field for field in kept), b"\r\n"))
    return RepairedHead(head=head, rest=rest, is_length_readable=is_readable)


def _read_list(fields: list[tuple[bytes, bytes]], wanted: bytes, *, default: bytes | None = None) -> list[bytes]:
    """Return the parts of a header that is a list, however often it is repeated; `default` stands for an empty value.

    Args:
        fields: names in lower case, and values.
        wanted: the name.
        default: None: empty parts are dropped.
    """
    parts = [part.strip() or default for name, value in fields if name == wanted for part in value.split(b",")]
    return [part for part in parts if part is not None]


def _read_fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Return names in lower case, and values; lines that aren't headers are missing."""
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if fields and line.startswith((b" ", b"\t")):
            name, value = fields.pop()
            fields.append((name, _clean(b"%b %b" % (value, line.strip()))))
        elif match := _FIELD.match(line):
            fields.append((match[1].lower(), _clean(match[2])))
    return fields


def _clean(value: bytes) -> bytes:
    return _CONTROL_CHARACTER.sub(b" ", value).strip()
