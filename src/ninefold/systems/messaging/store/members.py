"""Queries for workspaces, members, apps and their tokens."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import App, Member, MemberKind, Presence, Workspace
from ninefold.systems.messaging.store.queries import queries


async def app_find(connection: Connection, *, organisation_id: UUID, app_id: UUID) -> App | None:
    """Read one app of an organisation."""
    return _app_or_none(await queries.app_find(connection, organisation_id=organisation_id, app_id=app_id))


async def app_find_any(connection: Connection, *, app_id: UUID) -> App | None:
    """Read one app of any organisation."""
    return _app_or_none(await queries.app_find_any(connection, app_id=app_id))


async def app_insert(connection: Connection, app: App) -> App | None:
    """Insert an app; return None if the organisation has one of this name."""
    record = await queries.app_insert(
        connection,
        app_id=app.app_id,
        organisation_id=app.organisation_id,
        slack_id=app.slack_id,
        name=app.name,
        sealed=app.sealed,
        scopes=app.scopes,
    )
    return _app_or_none(record)


async def app_list(connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int) -> list[App]:
    """Read a page of the apps of an organisation, oldest first."""
    records = queries.app_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [app_of(record) async for record in records]


async def app_set_signing_secret(connection: Connection, *, app_id: UUID, sealed: bytes) -> None:
    """Replace the signing secret of an app."""
    await queries.app_set_signing_secret(connection, app_id=app_id, sealed=sealed)


async def member_find(connection: Connection, *, organisation_id: UUID, member_id: UUID) -> Member | None:
    """Read one member of an organisation."""
    return _member_or_none(await queries.member_find(connection, organisation_id=organisation_id, member_id=member_id))


async def member_find_bot(connection: Connection, *, organisation_id: UUID, bot_id: str) -> Member | None:
    """Read the bot with an id of Slack's API."""
    return _member_or_none(await queries.member_find_bot(connection, organisation_id=organisation_id, bot_id=bot_id))


async def member_find_by_account(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Member | None:
    """Read the member of an account in an organisation."""
    record = await queries.member_find_by_account(connection, organisation_id=organisation_id, account_id=account_id)
    return _member_or_none(record)


async def member_find_by_app(connection: Connection, *, app_id: UUID) -> Member | None:
    """Read the bot of an app."""
    return _member_or_none(await queries.member_find_by_app(connection, app_id=app_id))


async def member_find_by_email(connection: Connection, *, organisation_id: UUID, email: str) -> Member | None:
    """Read the first member with a mail address, in upper or lower case."""
    record = await queries.member_find_by_email(connection, organisation_id=organisation_id, email=email)
    return _member_or_none(record)


async def member_find_by_token(connection: Connection, *, credential_id: UUID) -> Member | None:
    """Read the member whose a token is."""
    return _member_or_none(await queries.member_find_by_token(connection, credential_id=credential_id))


async def member_insert(
    connection: Connection,
    *,
    member_id: UUID,
    organisation_id: UUID,
    slack_id: str,
    name: str,
    display_name: str,
    real_name: str,
    email: str | None,
    kind: MemberKind,
    account_id: UUID | None,
    app_id: UUID | None,
    bot_id: str | None,
) -> Member | None:
    """Insert a member; return None if the organisation has one of this name or this account."""
    record = await queries.member_insert(
        connection,
        member_id=member_id,
        organisation_id=organisation_id,
        slack_id=slack_id,
        name=name,
        display_name=display_name,
        real_name=real_name,
        email=email,
        kind=kind,
        account_id=account_id,
        app_id=app_id,
        bot_id=bot_id,
    )
    return _member_or_none(record)


async def member_list(connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int) -> list[Member]:
    """Read a page of the members of an organisation, oldest first."""
    records = queries.member_list(connection, organisation_id=organisation_id, after=after, limit=limit)
    return [Member(**record) async for record in records]


async def member_list_by_ids(
    connection: Connection, *, organisation_id: UUID, member_ids: Collection[UUID]
) -> list[Member]:
    """Read several members of an organisation."""
    records = queries.member_list_by_ids(connection, organisation_id=organisation_id, member_ids=list(member_ids))
    return [Member(**record) async for record in records]


async def member_list_by_names(
    connection: Connection, *, organisation_id: UUID, names: Collection[str]
) -> list[Member]:
    """Read the members of names."""
    records = queries.member_list_by_names(connection, organisation_id=organisation_id, names=list(names))
    return [Member(**record) async for record in records]


async def member_list_by_slack_ids(
    connection: Connection, *, organisation_id: UUID, slack_ids: Collection[str]
) -> list[Member]:
    """Read the members with ids of Slack's API."""
    records = queries.member_list_by_slack_ids(connection, organisation_id=organisation_id, slack_ids=list(slack_ids))
    return [Member(**record) async for record in records]


async def member_list_deactivated_accounts(
    connection: Connection, *, accounts: Collection[tuple[UUID, UUID]]
) -> frozenset[tuple[UUID, UUID]]:
    """Return those of these accounts, each with an organisation, whose members there are deactivated."""
    records = queries.member_list_deactivated_accounts(
        connection,
        account_ids=[account_id for account_id, _ in accounts],
        organisation_ids=[organisation_id for _, organisation_id in accounts],
    )
    return frozenset([(record["account_id"], record["organisation_id"]) async for record in records])


async def member_list_of_channel(
    connection: Connection, *, channel_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    """Read a page of the members of a channel, oldest first."""
    records = queries.member_list_of_channel(connection, channel_id=channel_id, after=after, limit=limit)
    return [Member(**record) async for record in records]


async def member_record_connected(connection: Connection, *, member_ids: Collection[UUID]) -> None:
    """Write that members have a device connected, once a minute."""
    await queries.member_record_connected(connection, member_ids=list(member_ids))


async def member_record_seen(connection: Connection, *, member_id: UUID) -> None:
    """Write when a member has last done something, once a minute."""
    await queries.member_record_seen(connection, member_id=member_id)


async def member_update(
    connection: Connection,
    *,
    member_id: UUID,
    display_name: str | None,
    real_name: str | None,
    presence: Presence | None,
    is_deactivated: bool | None,
) -> Member:
    """Change what a member is called and whether it is there; None keeps a value."""
    record = await queries.member_update(
        connection,
        member_id=member_id,
        display_name=display_name,
        real_name=real_name,
        presence=presence,
        is_deactivated=is_deactivated,
    )
    return Member(**record)


async def token_find_app(connection: Connection, *, credential_id: UUID) -> App | None:
    """Read the app whose a token is."""
    return _app_or_none(await queries.token_find_app(connection, credential_id=credential_id))


async def token_insert(
    connection: Connection, *, credential_id: UUID, member_id: UUID | None = None, app_id: UUID | None = None
) -> None:
    """Say whose a token is: either a member's or an app's."""
    await queries.token_insert(connection, credential_id=credential_id, member_id=member_id, app_id=app_id)


async def token_list(connection: Connection, *, member_id: UUID, limit: int) -> frozenset[UUID]:
    """Read the ids of a member's tokens."""
    records = queries.token_list(connection, member_id=member_id, limit=limit)
    return frozenset([record["credential_id"] async for record in records])


async def token_list_deactivated(connection: Connection, *, credential_ids: Collection[UUID]) -> frozenset[UUID]:
    """Return those of these tokens whose members, or whose app's bots, are deactivated."""
    records = queries.token_list_deactivated(connection, credential_ids=list(credential_ids))
    return frozenset([record["credential_id"] async for record in records])


async def token_list_of_app(connection: Connection, *, app_id: UUID, limit: int) -> frozenset[UUID]:
    """Read the ids of the tokens of an app and of its bot."""
    records = queries.token_list_of_app(connection, app_id=app_id, limit=limit)
    return frozenset([record["credential_id"] async for record in records])


async def workspace_find(connection: Connection, *, organisation_id: UUID) -> Workspace | None:
    """Read the workspace of an organisation."""
    record = await queries.workspace_find(connection, organisation_id=organisation_id)
    return None if record is None else Workspace(**record)


async def workspace_insert(connection: Connection, *, organisation_id: UUID, slack_id: str) -> Workspace | None:
    """Insert the workspace of an organisation; return None if it has one."""
    record = await queries.workspace_insert(connection, organisation_id=organisation_id, slack_id=slack_id)
    return None if record is None else Workspace(**record)


def _app_or_none(record: Any) -> App | None:
    return None if record is None else app_of(record)


def app_of(record: Any) -> App:
    """Return the app of a row."""
    fields = dict(record)
    # The secret of an earlier version, which isn't sealed yet.
    del fields["signing_secret"]
    return App(**fields)


def _member_or_none(record: Any) -> Member | None:
    return None if record is None else Member(**record)
