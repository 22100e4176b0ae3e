"""What came back."""

import msgspec


class EgressResponse(msgspec.Struct, frozen=True, gc=False):
    """A response, of whatever status; a redirect is one too, and isn't followed."""

    status: int
    headers: list[tuple[bytes, bytes]]
    """As they were sent: order, case and repetition kept."""
    body: bytes
    """The beginning of the body, up to `EgressLimits.response_body_kept_bytes`; not decompressed."""
    is_body_truncated: bool

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None.

        Args:
            name: in lower case, such as `b"retry-after"`.
        """
        for found_name, value in self.headers:
            if found_name.lower() == name:
                return value
        return None
