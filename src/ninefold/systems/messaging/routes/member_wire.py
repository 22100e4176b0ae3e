"""The wire types of members, apps and their tokens."""

from typing import Annotated, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.tenancy.model import CreatedCredential, Credential, CredentialState
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.messaging.model import (
    MEMBER_PREFIX,
    Member,
    MemberKind,
    Presence,
    Workspace,
)
from ninefold.systems.messaging.routes.wire import EXAMPLE_MEMBER_ID, ActForMember, MemberIdText
from ninefold.systems.messaging.rules.limits import PERSON_NAME_LENGTH_MAX
from ninefold.systems.messaging.service.notifying import member_feed, organisation_feed
from ninefold.systems.messaging.service.tokens import USER_TOKEN

MemberNameText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=80,
        description="What mentions call it: lower-case letters without accents, digits, `.`, `_` and `-`; unique.",
        examples=["ines"],
    ),
]
ShownName = Annotated[str, msgspec.Meta(max_length=PERSON_NAME_LENGTH_MAX)]


class CreateMember(RequestBody, frozen=True, kw_only=True):
    """A member to create."""

    name: MemberNameText
    display_name: ShownName = ""
    real_name: ShownName = ""
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)] | None = None


class UpdateMember(RequestBody, frozen=True, kw_only=True):
    """What to change of a member; null keeps a value."""

    display_name: ShownName | None = None
    real_name: ShownName | None = None
    presence: Presence | None = None
    is_deactivated: bool | None = None


class UpdateOwnMember(ActForMember, frozen=True, kw_only=True):
    """What to change of your own member."""

    presence: Annotated[
        Presence, msgspec.Meta(description="`away` shows you as away; `auto` shows whether you are there.")
    ]


class PresenceView(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a member is there."""

    member_id: MemberIdText
    presence: Annotated[
        Literal["active", "away"],
        msgspec.Meta(
            description="`active` if the member has done something or had a device connected in the last ten minutes."
        ),
    ]


class PresenceList(msgspec.Struct, frozen=True, kw_only=True):
    """Which members are there; members that don't exist are missing."""

    items: list[PresenceView]
    next_cursor: None = None


class CreateMemberToken(RequestBody, frozen=True, kw_only=True):
    """A token to create."""

    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=200, description="What it is for.", examples=["laptop"])
    ] = "messaging"
    expires_in_s: (
        Annotated[
            int, msgspec.Meta(ge=1, le=3650 * 86_400, description="How long it is valid; null if it never expires.")
        ]
        | None
    ) = None


class MessagingMemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A member."""

    member_id: MemberIdText
    slack_id: Annotated[
        str, msgspec.Meta(description="Its id in Slack's API and in mentions.", examples=["U01H455VB4P"])
    ]
    name: MemberNameText
    display_name: Annotated[str, msgspec.Meta(examples=["Ines"])]
    real_name: Annotated[str, msgspec.Meta(examples=["Ines Okafor"])]
    email: Annotated[str | None, msgspec.Meta(examples=["ines@example.com"])]
    kind: MemberKind
    has_account: Annotated[
        bool, msgspec.Meta(description="Whether it is a person's own member, for whom only that person creates tokens.")
    ]
    is_deactivated: bool
    presence: Presence
    created_at: Timestamp
    seen_at: Annotated[
        Timestamp | None, msgspec.Meta(description="When the member has last done something, to about a minute.")
    ]
    live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of what concerns this member alone.",
            examples=[f"messaging.member:{EXAMPLE_MEMBER_ID}"],
        ),
    ]


class OwnMessagingMemberView(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's member, and where it is."""

    member: MessagingMemberView
    team_id: Annotated[
        str, msgspec.Meta(description="The id of the workspace in Slack's API.", examples=["T01H455VB4P"])
    ]
    organisation_live_channel: Annotated[
        str,
        msgspec.Meta(
            description="The live channel of the organisation's members and public channels.",
            examples=[f"messaging.organisation:org_{EXAMPLE_ID}"],
        ),
    ]


class MemberTokenId(PathId):
    """The id of a member's token in a path."""

    prefix = USER_TOKEN.id_prefix


class MemberTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A token of a member, without its text."""

    token_id: Annotated[str, msgspec.Meta(examples=[f"{USER_TOKEN.id_prefix}_{EXAMPLE_ID}"])]
    prefix: Annotated[str, msgspec.Meta(description="The public part of its text.", examples=["xoxp-AbC123xy"])]
    name: Annotated[str, msgspec.Meta(examples=["laptop"])]
    state: CredentialState
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None


class MemberTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of a member, oldest first."""

    items: list[MemberTokenView]
    next_cursor: None = None


class CreatedTokenView(MemberTokenView, frozen=True, kw_only=True):
    """A new token with its text, which isn't stored anywhere."""

    token: Annotated[str, msgspec.Meta(examples=["xoxp-AbC123xy-…"])]


def show_member(member: Member) -> MessagingMemberView:
    """Return a member as the API shows it."""
    return MessagingMemberView(
        member_id=format_id(MEMBER_PREFIX, member.member_id),
        slack_id=member.slack_id,
        name=member.name,
        display_name=member.display_name,
        real_name=member.real_name,
        email=member.email,
        kind=member.kind,
        has_account=member.account_id is not None,
        is_deactivated=member.is_deactivated,
        presence=member.presence,
        created_at=member.created_at,
        seen_at=member.seen_at,
        live_channel=member_feed(member.member_id),
    )


def show_own_member(member: Member, workspace: Workspace) -> OwnMessagingMemberView:
    """Return the caller's member as the API shows it."""
    return OwnMessagingMemberView(
        member=show_member(member),
        team_id=workspace.slack_id,
        organisation_live_channel=organisation_feed(workspace.organisation_id),
    )


def show_member_token(token: Credential) -> MemberTokenView:
    """Return a token as the API lists it."""
    return MemberTokenView(
        token_id=format_id(USER_TOKEN.id_prefix, token.credential_id),
        prefix=token.prefix,
        name=token.name,
        state=token.state,
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )


def show_created_token(created: CreatedCredential) -> CreatedTokenView:
    """Return a new token with its text."""
    return CreatedTokenView(token=created.text, **msgspec.structs.asdict(show_member_token(created)))
