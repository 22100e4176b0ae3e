"""Apps: programs that act in a workspace by their bots."""

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.model import Principal
from ninefold.systems.messaging.errors import AppNotFoundError, MemberNameTakenError
from ninefold.systems.messaging.model import APP_PREFIX, CONNECT, App, CreatedApp
from ninefold.systems.messaging.service.apps.signing_secrets import new_signing_secret
from ninefold.systems.messaging.service.apps.tokens import create_app_token
from ninefold.systems.messaging.service.members import check_member_name, create_member
from ninefold.systems.messaging.service.slack_ids import new_slack_id
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.store import members as store


async def create_app(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, name: str, scopes: Collection[str] | None = None
) -> CreatedApp:
    """Create an app with its bot, who is in `general` then, and with its tokens.

    Call it in a transaction, and `notify_organisation` after the commit.

    Args:
        connection: in a transaction.
        sealer: seals its signing secret.
        organisation_id: the organisation.
        name: that of the app and of its bot.
        scopes: what the bot's token is limited to, such as `chat:write`, and what the app is told; None if it is
            allowed what its bot is.

    Raises:
        UnknownScopeError: there is no such scope.
        InvalidMemberNameError: the name has other characters, or is too long.
        MemberNameTakenError: the organisation has an app or a member of this name.
    """
    check_member_name(name)
    await ensure_workspace(connection, organisation_id=organisation_id)
    app_id = new_id()
    signing_secret, sealed = new_signing_secret(sealer, app_id=app_id)
    new = App(
        app_id=app_id,
        organisation_id=organisation_id,
        slack_id=new_slack_id("A"),
        name=name,
        sealed=sealed,
        created_at=datetime.now(UTC),
        scopes=None if scopes is None else sorted(scopes),
    )
    app = await store.app_insert(connection, new)
    if app is None:
        raise MemberNameTakenError(f"There is an app {name!r} already.", field="name", remedy="Choose another name.")
    bot = await create_member(
        connection, organisation_id=organisation_id, name=name, kind="bot", real_name=name, app_id=app.app_id
    )
    bot_token = await create_app_token(connection, app, kind="bot", scopes=scopes)
    app_token = await create_app_token(connection, app, kind="app")
    return CreatedApp(
        app=app, bot=bot, signing_secret=signing_secret, bot_token=bot_token.text, app_token=app_token.text
    )


async def get_app(connection: Connection, *, organisation_id: UUID, app_id: UUID) -> App:
    """Return an app of an organisation.

    Raises:
        AppNotFoundError: it has no such app.
    """
    app = await store.app_find(connection, organisation_id=organisation_id, app_id=app_id)
    if app is None:
        raise AppNotFoundError(
            f"There is no app {format_id(APP_PREFIX, app_id)!r}.", remedy="List the apps to see their ids."
        )
    return app


async def find_app(connection: Connection, *, app_id: UUID) -> App | None:
    """Return an app, whatever organisation it is of: for what was recorded for it."""
    return await store.app_find_any(connection, app_id=app_id)


async def find_own_app(connection: Connection, principal: Principal) -> App | None:
    """Return the app whose token `xapp-…` a principal has; None for others."""
    if CONNECT not in principal.scopes:
        return None
    return await store.token_find_app(connection, credential_id=principal.credential_id)


async def list_apps(connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int) -> list[App]:
    """Return a page of the apps of an organisation, oldest first."""
    return await store.app_list(connection, organisation_id=organisation_id, after=after, limit=limit)
