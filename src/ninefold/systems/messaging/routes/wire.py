"""What the wire types of messaging share: ids, and for whom a request acts."""

from typing import Annotated, Final
from uuid import UUID

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from ninefold.core.web.access import access
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId, parse_body_id
from ninefold.systems.messaging.model import (
    APP_PREFIX,
    CHANNEL_PREFIX,
    MEMBER_PREFIX,
    TOKEN_PREFIX,
    VIEW_PREFIX,
    WEBHOOK_PREFIX,
    WRITE_MESSAGES,
)

EXAMPLE_MEMBER_ID: Final = f"{MEMBER_PREFIX}_{EXAMPLE_ID}"
EXAMPLE_CHANNEL_ID: Final = f"{CHANNEL_PREFIX}_{EXAMPLE_ID}"
SEQUENCE_MAX: Final = 2**53 - 1
"""The largest number that every JSON parser reads exactly."""

TAGS: Final = ["messaging"]
READS: Final = access(also_scope=WRITE_MESSAGES)
ACTS: Final = access(
    also_scope=WRITE_MESSAGES, not_audited="Members write and read at a high rate; the channel's log has what they do."
)

MemberIdText = Annotated[str, msgspec.Meta(examples=[EXAMPLE_MEMBER_ID])]
ChannelIdText = Annotated[str, msgspec.Meta(examples=[EXAMPLE_CHANNEL_ID])]
ActingMemberId = Annotated[
    str | None,
    msgspec.Meta(description="For which member an API key acts; others act for their own.", examples=[None]),
]
SequenceNumber = Annotated[int, msgspec.Meta(ge=1, le=SEQUENCE_MAX)]
SequenceInPath = Annotated[
    int, PathParameter(ge=1, le=SEQUENCE_MAX, description="The place of the message in the channel's log.")
]
SequenceInQuery = Annotated[int, QueryParameter(ge=0, le=SEQUENCE_MAX)]


def also_answers(status: int, kind: type[msgspec.Struct], description: str) -> dict[int, ResponseSpec]:
    """Return the documentation of a second status with which an operation succeeds, for a route's `responses`."""
    return {status: ResponseSpec(data_container=kind, description=description, generate_examples=False)}


class MemberId(PathId):
    """A member's id in a path or a query."""

    prefix = MEMBER_PREFIX


class ChannelId(PathId):
    """A channel's id in a path or a query."""

    prefix = CHANNEL_PREFIX


class AppId(PathId):
    """An app's id in a path."""

    prefix = APP_PREFIX


class AppTokenId(PathId):
    """The id of a token of an app in a path."""

    prefix = TOKEN_PREFIX


class ViewId(PathId):
    """A view's id in a path."""

    prefix = VIEW_PREFIX


class WebhookId(PathId):
    """An incoming webhook's id in a path."""

    prefix = WEBHOOK_PREFIX


class ActForMember(RequestBody, frozen=True, kw_only=True):
    """For which member a request acts."""

    member_id: ActingMemberId = None

    @property
    def acting_id(self) -> UUID | None:
        """The member that the request names.

        Raises:
            InvalidInputError: it isn't an id of a member.
        """
        return None if self.member_id is None else parse_body_id(MEMBER_PREFIX, self.member_id, field="member_id")
