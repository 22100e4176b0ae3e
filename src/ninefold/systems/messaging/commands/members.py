"""`ninefold messaging members …`."""

from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    print_json,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.messaging.commands.answers import MemberAnswer, OwnMemberAnswer, TokenAnswer

_MEMBERS: Final = "/api/v1/messaging/members"

members = App(name="members", help="Manage members.")


class CreatedMember(msgspec.Struct, frozen=True, kw_only=True):
    """What `members create --json` prints."""

    member_id: str
    user_id: str
    name: str
    team_id: str
    user_token: str


@members.command(name="create")
def create_member(
    name: str, *, display_name: str = "", email: str | None = None, api: ApiOptions = FROM_ENVIRONMENT
) -> None:
    """Create a member, and print a token that acts for it.

    Args:
        name: What mentions call it: lower-case letters without accents, digits, ., _ and -.
        display_name: What others see.
        email: A mail address, by which clients of Slack's API find it.
        api: The server and API key to use.
    """
    with api.client() as client:
        body = {"name": name, "display_name": display_name, "email": email}
        member = client.post(_MEMBERS, body).read(MemberAnswer)
        token = client.post(f"{_MEMBERS}/{member.member_id}/tokens", {}).read(TokenAnswer)
        own = client.get("/api/v1/messaging/me", member_id=member.member_id).read(OwnMemberAnswer)
    created = CreatedMember(
        member_id=member.member_id,
        user_id=member.slack_id,
        name=member.name,
        team_id=own.team_id,
        user_token=token.token,
    )
    if api.json:
        print_json(created)
    else:
        show_fields(created)
        print_note("Save the token now: it won't be shown again.")


@members.command(name="list")
def list_members(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List members, oldest first, with bots.

    Args:
        limit: Maximum number of members to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_MEMBERS, limit=limit, cursor=cursor)
        show_answer(answer, Page[MemberAnswer], api=api, show=_show_members)


def _show_members(page: Page[MemberAnswer]) -> None:
    print_table(
        ["Member", "Slack id", "Name", "Kind", "Deactivated", "Seen at"],
        [
            [each.member_id, each.slack_id, each.name, each.kind, each.is_deactivated, each.seen_at]
            for each in page.items
        ],
        empty="No members yet. Create one: ninefold messaging members create ines",
    )
    print_next_page(page)
