"""What a surface can answer from memory, such as segments of films; `memory_answers.py` sends it."""

from typing import Protocol

import msgspec
from litestar.types import Scope

from ninefold.core.web.headers import Headers, with_default_headers


class MemoryResponse(msgspec.Struct, frozen=True):
    """A response with status 200, ready to be sent; make it with `memory_response`."""

    headers: Headers
    body: bytes


class FromMemory(Protocol):
    """What a surface has in memory."""

    @property
    def route(self) -> str:
        """What logs and metrics show instead of the path."""
        ...

    def find(self, scope: Scope) -> MemoryResponse | None:
        """Return the response to a GET below the surface's path; None if the surface's application must answer.

        It is called for every GET, so it should be quick, and must not raise.
        """
        ...

    def count(self, responses: int, bytes_sent: int) -> None:
        """Record what was sent since the last call; called once a second at most."""
        ...


def memory_response(headers: Headers, body: bytes) -> MemoryResponse:
    """Return a response with these headers, its length, and those that every response has."""
    return MemoryResponse(with_default_headers([*headers, (b"content-length", b"%d" % len(body))]), body)
