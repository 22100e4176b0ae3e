"""Members: who they are, and for whom a request acts."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.accounts import get_account
from ninefold.core.tenancy.kinds import random_text
from ninefold.core.tenancy.model import Principal
from ninefold.systems.messaging.errors import (
    InvalidMemberNameError,
    MemberDeactivatedError,
    MemberNameTakenError,
    MemberNotFoundError,
    MemberRequiredError,
    NotThisMemberError,
)
from ninefold.systems.messaging.model import LIMITED, MEMBER_PREFIX, WRITE_MESSAGES, App, Member, MemberKind, Presence
from ninefold.systems.messaging.rules.limits import MEMBER_NAME, member_name_from
from ninefold.systems.messaging.rules.mentions import AUDIENCE_WORDS
from ninefold.systems.messaging.service.joining import add_member
from ninefold.systems.messaging.service.logs import lock_channel
from ninefold.systems.messaging.service.notifying import announce_to_organisation
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.service.workspaces import get_general
from ninefold.systems.messaging.store import members as store

SEEN_RESOLUTION: Final = timedelta(minutes=1)
"""How exactly is known when a member was last seen: a message needn't write it again."""

_NAME_TRIES: Final = 10


async def create_member(
    connection: Connection,
    *,
    organisation_id: UUID,
    name: str,
    kind: MemberKind = "person",
    display_name: str = "",
    real_name: str = "",
    email: str | None = None,
    app_id: UUID | None = None,
) -> Member:
    """Create a member without an account, who is in `general` then.

    Call it in a transaction, and `notify_organisation` after the commit.

    Args:
        connection: in a transaction.
        organisation_id: the organisation.
        name: what mentions call the member; unique in the organisation.
        kind: whether it is a person or a bot.
        display_name: what others see.
        real_name: the full name.
        email: a mail address, by which clients of Slack's API find members.
        app_id: the app whose bot it is.

    Raises:
        InvalidMemberNameError: the name has other characters, or is too long.
        MemberNameTakenError: the organisation has a member of this name.
    """
    check_member_name(name)
    general = await get_general(connection, organisation_id=organisation_id)
    member = await store.member_insert(
        connection,
        member_id=new_id(),
        organisation_id=organisation_id,
        slack_id=new_slack_id("U"),
        name=name,
        display_name=display_name,
        real_name=real_name,
        email=email,
        kind=kind,
        account_id=None,
        app_id=app_id,
        bot_id=new_slack_id("B") if kind == "bot" else None,
    )
    if member is None:
        raise MemberNameTakenError(f"There is a member {name!r} already.", field="name", remedy="Choose another name.")
    await _welcome(connection, member, general_id=general.channel_id)
    return member


async def update_member(
    connection: Connection,
    member: Member,
    *,
    display_name: str | None = None,
    real_name: str | None = None,
    presence: Presence | None = None,
    is_deactivated: bool | None = None,
) -> Member:
    """Change what a member is called and whether it is there; None keeps a value.

    The live connections of a member who is deactivated end, and so do those of its app. Call it in a transaction, and
    `notify_organisation` after the commit.
    """
    changed = await store.member_update(
        connection,
        member_id=member.member_id,
        display_name=display_name,
        real_name=real_name,
        presence=presence,
        is_deactivated=is_deactivated,
    )
    if changed.is_deactivated and not member.is_deactivated:
        await tenancy.announce_access_change(connection)
    entry = {"type": "member_changed", "member_id": format_id(MEMBER_PREFIX, member.member_id)}
    await announce_to_organisation(connection, member.organisation_id, entry)
    return changed


async def get_member(connection: Connection, *, organisation_id: UUID, member_id: UUID) -> Member:
    """Return a member of an organisation.

    Raises:
        MemberNotFoundError: it has no such member.
    """
    member = await store.member_find(connection, organisation_id=organisation_id, member_id=member_id)
    if member is None:
        raise member_not_found(format_id(MEMBER_PREFIX, member_id))
    return member


async def get_member_by_slack_id(connection: Connection, *, organisation_id: UUID, slack_id: str) -> Member:
    """Return the member with an id of Slack's API, `U…`.

    Raises:
        MemberNotFoundError: the organisation has no such member.
    """
    found = await list_members_by_slack_ids(connection, organisation_id=organisation_id, slack_ids=[slack_id])
    if not found:
        raise member_not_found(slack_id)
    return found[0]


async def get_member_by_email(connection: Connection, *, organisation_id: UUID, email: str) -> Member:
    """Return the member with a mail address, in upper or lower case.

    Raises:
        MemberNotFoundError: the organisation has no such member.
    """
    member = await store.member_find_by_email(connection, organisation_id=organisation_id, email=email)
    if member is None:
        raise member_not_found(email)
    return member


async def find_bot(connection: Connection, *, organisation_id: UUID, bot_id: str) -> Member | None:
    """Return the bot with an id of Slack's API, `B…`; None if the organisation has no such bot."""
    return await store.member_find_bot(connection, organisation_id=organisation_id, bot_id=bot_id)


async def list_members(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    """Return a page of the members of an organisation, oldest first."""
    return await store.member_list(connection, organisation_id=organisation_id, after=after, limit=limit)


async def get_bot(connection: Connection, app: App) -> Member:
    """Return the bot of an app."""
    bot = await store.member_find_by_app(connection, app_id=app.app_id)
    assert bot is not None, "an app is created with its bot"
    return bot


async def list_members_by_ids(
    connection: Connection, *, organisation_id: UUID, member_ids: Collection[UUID]
) -> list[Member]:
    """Return several members of an organisation; those that don't exist are missing."""
    return await store.member_list_by_ids(connection, organisation_id=organisation_id, member_ids=member_ids)


async def list_members_by_slack_ids(
    connection: Connection, *, organisation_id: UUID, slack_ids: Collection[str]
) -> list[Member]:
    """Return the members with ids of Slack's API; those that don't exist are missing."""
    return await store.member_list_by_slack_ids(connection, organisation_id=organisation_id, slack_ids=slack_ids)


async def list_channel_members(
    connection: Connection, *, channel_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    """Return a page of the members of a channel, oldest first."""
    return await store.member_list_of_channel(connection, channel_id=channel_id, after=after, limit=limit)


async def find_own_member(connection: Connection, principal: Principal) -> Member | None:
    """Return the member that a principal is: that of its token or its account. None for an API key.

    An account gets its member the first time, so call it in a transaction.

    Raises:
        MemberDeactivatedError: the member has been deactivated.
    """
    if principal.scopes & {WRITE_MESSAGES, LIMITED}:
        member = await store.member_find_by_token(connection, credential_id=principal.credential_id)
    elif principal.account_id is not None:
        member = await _member_of_account(connection, principal.organisation_id, principal.account_id)
    else:
        return None
    if member is None:
        return None
    check_active(member)
    if not _was_just_seen(member):
        await store.member_record_seen(connection, member_id=member.member_id)
    return member


async def find_known_member(connection: Connection, principal: Principal) -> Member | None:
    """Return the member that a principal is, without making one and without noting that it was seen."""
    if WRITE_MESSAGES in principal.scopes:
        return await store.member_find_by_token(connection, credential_id=principal.credential_id)
    if principal.account_id is None:
        return None
    return await store.member_find_by_account(
        connection, organisation_id=principal.organisation_id, account_id=principal.account_id
    )


async def list_deactivated(connection: Connection, principals: Collection[Principal]) -> list[Principal]:
    """Return those whose members, or whose app's bots, have been deactivated."""
    accounts = await store.member_list_deactivated_accounts(
        connection,
        accounts={(each.account_id, each.organisation_id) for each in principals if each.account_id is not None},
    )
    tokens = await store.token_list_deactivated(
        connection, credential_ids=[each.credential_id for each in principals if each.account_id is None]
    )
    return [
        each
        for each in principals
        if each.credential_id in tokens or (each.account_id, each.organisation_id) in accounts
    ]


async def get_acting_member(connection: Connection, principal: Principal, *, member_id: UUID | None) -> Member:
    """Return for which member a request acts; call it in a transaction.

    Args:
        connection: in a transaction.
        principal: who sends the request.
        member_id: the member that the request names, which an API key has to.

    Raises:
        MemberRequiredError: an API key names no member.
        NotThisMemberError: a person or a member's token names another one.
        MemberNotFoundError: the organisation has no such member.
        MemberDeactivatedError: the member has been deactivated.
    """
    own = await find_own_member(connection, principal)
    if own is None:
        if member_id is None:
            raise MemberRequiredError(
                "An API key has no member of its own.",
                field="member_id",
                remedy="Say for which member: `member_id`.",
            )
        named = await get_member(connection, organisation_id=principal.organisation_id, member_id=member_id)
        check_active(named)
        return named
    if member_id not in (None, own.member_id):
        raise NotThisMemberError(
            f"You are {own.name}, and can't act for another member.", field="member_id", remedy="Leave it out."
        )
    return own


def check_member_name(name: str) -> None:
    """Check the name of a member or an app.

    Raises:
        InvalidMemberNameError: it has other characters, is too long, or calls everybody.
    """
    if MEMBER_NAME.fullmatch(name) is None or name in AUDIENCE_WORDS:
        raise InvalidMemberNameError(
            f"{name[:80]!r} can't be a name.",
            field="name",
            remedy="Use 1 to 80 lower-case letters without accents, digits, `.`, `_` and `-`.",
        )


def check_active(member: Member) -> None:
    """Check that a member can do something.

    Raises:
        MemberDeactivatedError: it has been deactivated.
    """
    if member.is_deactivated:
        raise MemberDeactivatedError(f"{member.name} is deactivated.", remedy="Activate the member first.")


def member_not_found(member: str) -> MemberNotFoundError:
    """Return the error for a member that the organisation doesn't have."""
    return MemberNotFoundError(
        f"There is no member {member[:80]!r}.", field="member_id", remedy="List the members to see their ids."
    )


async def _member_of_account(connection: Connection, organisation_id: UUID, account_id: UUID) -> Member | None:
    found = await store.member_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
    if found is not None:
        return found
    account = await get_account(connection, account_id)
    general = await get_general(connection, organisation_id=organisation_id)
    wished = member_name_from(account.name or account.email.partition("@")[0])
    for number in range(_NAME_TRIES):
        is_possible = number == 0 and wished and wished not in AUDIENCE_WORDS
        made = await store.member_insert(
            connection,
            member_id=new_id(),
            organisation_id=organisation_id,
            slack_id=new_slack_id("U"),
            name=wished if is_possible else f"{wished[:70] or 'member'}-{random_text(5).lower()}",
            display_name="",
            real_name=account.name[:80],
            email=account.email,
            kind="person",
            account_id=account_id,
            app_id=None,
            bot_id=None,
        )
        if made is not None:
            await _welcome(connection, made, general_id=general.channel_id)
            return made
        found = await store.member_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
        if found is not None:
            return found
    return None


async def _welcome(connection: Connection, member: Member, *, general_id: UUID) -> None:
    change = await lock_channel(connection, organisation_id=member.organisation_id, channel_id=general_id)
    await add_member(change, member.member_id)
    await change.tell_apps("team_join", {"user": {"id": member.slack_id, "name": member.name, "is_bot": member.is_bot}})
    entry = {"type": "member_created", "member_id": format_id(MEMBER_PREFIX, member.member_id)}
    await announce_to_organisation(connection, member.organisation_id, entry)


def _was_just_seen(member: Member) -> bool:
    return member.seen_at is not None and datetime.now(UTC) - member.seen_at < SEEN_RESOLUTION
