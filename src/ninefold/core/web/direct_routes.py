"""Direct routes: plain ASGI handlers of the few operations whose rate makes the framework's share of a request matter.

Routing, injection and the building of responses take more time than a simple request itself. A direct route answers
the usual form of one operation without them. The operation is an ordinary route too, which documents it, and which gets
every request that the direct one leaves to it. So it needs to know only what is usual, and no second set of errors.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec
from litestar.types import ControllerRouterHandler, HTTPScope, Receive, Send

HandleDirectly: TypeAlias = Callable[[HTTPScope, Receive, Send], Awaitable[bool]]
"""Answers a request and returns True, or returns False without having answered it. If it has read the body, it must
have kept it with `keep_body`. The errors that it raises are answered like those of a route."""


class DirectRoute(msgspec.Struct, frozen=True, kw_only=True):
    """A handler of the requests with one method and exactly one path."""

    method: str
    path: str
    handle: HandleDirectly


ApiRoute: TypeAlias = "ControllerRouterHandler | DirectRoute"
"""What a system lists as its routes."""
