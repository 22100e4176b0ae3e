"""Separates what git says during a push, which is shown at once, from its report, which waits for our commit.

Git answers a push in packets (gitprotocol-common): four hexadecimal digits with the length, then the content. With the
side band, the first byte of the content is 1 for the report, 2 for progress, 3 for an error.
"""

from typing import Final

REPORT_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a report that waits: some 500,000 refs."""

MESSAGE_BYTES_MAX: Final = 900
"""Of an error; clients without the large side band take up to 1,000 bytes."""

_LENGTH_DIGITS: Final = 4
_PROGRESS: Final = 2
_ERROR: Final = 3
_KEEP_ALIVE: Final = b"0005\x01"
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")


def error_packet(message: str) -> bytes:
    """Return a packet that ends the answer to a push; the client shows its message after `remote:`."""
    content = bytes([_ERROR]) + message.encode()[:MESSAGE_BYTES_MAX] + b"\n"
    return f"{len(content) + _LENGTH_DIGITS:04x}".encode() + content


class HeldReport:
    """Takes what git says; returns what may be sent at once, and keeps the rest until the push is recorded."""

    def __init__(self) -> None:
        self._partial = b""
        self._held: list[bytes] = []
        self._held_size = 0
        self._is_broken = False

    def take(self, output: bytes) -> bytes:
        """Take more of git's output, and return the packets that may be sent at once.

        Once a packet is held, all that follow are held too, so that their order stays.
        """
        if self._is_broken:
            self._hold(output)
            return b""
        self._partial += output
        passed = []
        while (packet := self._next_packet()) is not None:
            if self._held or not _is_shown_at_once(packet):
                self._hold(packet)
            else:
                passed.append(packet)
        return b"".join(passed)

    def rest(self) -> bytes:
        """Return what was held, with an incomplete end."""
        return b"".join([*self._held, self._partial])

    def _next_packet(self) -> bytes | None:
        digits = self._partial[:_LENGTH_DIGITS]
        if len(digits) < _LENGTH_DIGITS:
            return None
        if not _HEX.issuperset(digits):
            # No packet: then nothing is shown before the end.
            self._is_broken = True
            rest, self._partial = self._partial, b""
            return rest
        length = max(_LENGTH_DIGITS, int(digits, 16))
        if len(self._partial) < length:
            return None
        packet, self._partial = self._partial[:length], self._partial[length:]
        return packet

    def _hold(self, packet: bytes) -> None:
        self._held_size += len(packet)
        if self._held_size > REPORT_BYTES_MAX:
            raise OverflowError("the report of a push is too long")
        if packet:
            self._held.append(packet)


def _is_shown_at_once(packet: bytes) -> bool:
    is_framed = len(packet) > _LENGTH_DIGITS and packet[_LENGTH_DIGITS] in {_PROGRESS, _ERROR}
    return packet == _KEEP_ALIVE or is_framed
