"""Headers as one text of bytes: lines of `name: value`, in the order in which they were received.

HTTP allows neither CR nor LF in a name or a value (RFC 9110 §5.5), so the lines can be split again without a loss.
"""

from collections.abc import Iterable

from ninefold.systems.callbacks.model import Header


def join_headers(headers: Iterable[Header]) -> bytes:
    """Return headers as lines that end with CR LF."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def split_headers(lines: bytes) -> tuple[Header, ...]:
    """Return the headers of lines from `join_headers`."""
    headers = []
    for line in lines.split(b"\r\n")[:-1]:
        name, _, value = line.partition(b": ")
        headers.append((name, value))
    return tuple(headers)
