"""Errors of live feeds: problems for HTTP, replies and disconnects of Centrifuge's protocol for WebSockets."""

from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError, NotFoundError, UnauthorizedError, UnavailableError


class ChannelNotFoundError(NotFoundError):
    """No feed has this channel, or the principal can't read it; a caller can't distinguish the two."""

    code = "channel_not_found"
    title = "Channel not found"


class PositionInvalidError(InvalidInputError):
    """A position isn't one that Ninefold has sent."""

    code = "position_invalid"
    title = "Position invalid"


class LiveTokenInvalidError(UnauthorizedError):
    """The text isn't a live token of this installation."""

    code = "live_token_invalid"
    title = "Live token invalid"


class LiveTokenExpiredError(UnauthorizedError):
    """The live token has expired, or the credential that it was created with isn't valid any more."""

    code = "live_token_expired"
    title = "Live token expired"


class TooManyConnectionsError(UnavailableError):
    """This process, or the organisation's share of it, has as many live connections as it may have."""

    code = "too_many_connections"
    title = "Too many connections"


class PositionLostError(Exception):
    """The log no longer has everything that follows a position."""


class ReplyError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The error in a reply of Centrifuge's protocol."""

    code: int
    message: str
    temporary: bool = False


class CommandError(Exception):
    """A command failed; the client gets `reply`."""

    def __init__(self, reply: ReplyError) -> None:
        super().__init__(reply.message)
        self.reply = reply


INTERNAL: Final = ReplyError(100, "internal server error", temporary=True)
UNKNOWN_CHANNEL: Final = ReplyError(102, "unknown channel")
PERMISSION_DENIED: Final = ReplyError(103, "permission denied")
METHOD_NOT_FOUND: Final = ReplyError(104, "method not found")
ALREADY_SUBSCRIBED: Final = ReplyError(105, "already subscribed")
LIMIT_EXCEEDED: Final = ReplyError(106, "limit exceeded")
BAD_REQUEST: Final = ReplyError(107, "bad request")
NOT_AVAILABLE: Final = ReplyError(108, "not available")
TOKEN_EXPIRED: Final = ReplyError(109, "token expired")
TOO_MANY_REQUESTS: Final = ReplyError(111, "too many requests", temporary=True)
UNRECOVERABLE_POSITION: Final = ReplyError(112, "unrecoverable position")


class Disconnect(msgspec.Struct, frozen=True):
    """Why the server ends a connection: a code of Centrifuge's protocol, and a reason for people.

    Clients reconnect by themselves after 3000 to 3499, and don't after 3500 to 3999.
    """

    code: int
    reason: str

    @property
    def should_reconnect(self) -> bool:
        """Whether the client comes back."""
        return self.code < 3500  # noqa: PLR2004 - the boundary that the docstring gives.


SHUTDOWN: Final = Disconnect(3001, "shutdown")
SERVER_ERROR: Final = Disconnect(3004, "internal server error")
EXPIRED: Final = Disconnect(3005, "connection expired")
SLOW: Final = Disconnect(3008, "slow")
INSUFFICIENT_STATE: Final = Disconnect(3010, "insufficient state")
NO_PONG: Final = Disconnect(3012, "no pong")
INVALID_TOKEN: Final = Disconnect(3500, "invalid token")
MALFORMED: Final = Disconnect(3501, "bad request")
STALE: Final = Disconnect(3502, "stale")
UNAVAILABLE: Final = Disconnect(3508, "not available")
MESSAGE_TOO_LARGE: Final = Disconnect(1009, "message size limit exceeded")
