"""Refuses branches that git stores, but that it can't check out: those whose names begin with a hyphen."""

import re
from collections.abc import AsyncIterator
from typing import Final

from ninefold.systems.workflows.errors import BranchRefusedError

_LENGTH_DIGITS: Final = 4
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_FLUSH: Final = b"0000"
_REFUSED: Final = re.compile(rb"[0-9a-f]{40,64} (?!0+ )[0-9a-f]{40,64} refs/heads/(?P<name>-[^\0\n]{0,200})")


async def check_branches(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the body of a push as it comes, but not the piece with such a branch; deletions are allowed.

    The body begins with a command in a packet for each ref, up to an empty packet (gitprotocol-pack, reference update
    request). Git does nothing before it has all of them.

    Raises:
        BranchRefusedError: the push creates or moves such a branch. The body was read to its end.
    """
    unread, is_complete = b"", False
    async for piece in body:
        if not is_complete:
            try:
                unread, is_complete = _check(unread + piece)
            except BranchRefusedError:
                # A client only looks at an answer when it has sent everything.
                async for _ in body:
                    pass
                raise
        yield piece


def _check(content: bytes) -> tuple[bytes, bool]:
    """Check whole packets; return what follows them, and whether no command comes any more."""
    while len(digits := content[:_LENGTH_DIGITS]) == _LENGTH_DIGITS:
        # What isn't a packet is for git to refuse.
        if digits == _FLUSH or not _HEX.issuperset(digits):
            return b"", True
        length = max(_LENGTH_DIGITS, int(digits, 16))
        if len(content) < length:
            break
        refused = _REFUSED.match(content[_LENGTH_DIGITS:length])
        if refused is not None:
            name = refused["name"].decode(errors="replace")
            raise BranchRefusedError(
                f"A branch can't have the name {name!r}, because git can't check it out.",
                field="refs",
                remedy=f"Push it by another name: git push … HEAD:refs/heads/{name.lstrip('-') or 'main'}",
            )
        content = content[length:]
    return content, False
