"""The secrets that sign what apps are sent: how they are made, sealed and replaced."""

import secrets
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import SealedColumn, Sealer, open_value
from ninefold.systems.messaging.model import App
from ninefold.systems.messaging.store.members import app_set_signing_secret


async def replace_signing_secret(connection: Connection, sealer: Sealer, *, app_id: UUID) -> str:
    """Give an app another signing secret, and return it.

    The next request that the app is sent is signed with it, and none with the old.
    """
    secret, sealed = new_signing_secret(sealer, app_id=app_id)
    await app_set_signing_secret(connection, app_id=app_id, sealed=sealed)
    return secret


def new_signing_secret(sealer: Sealer, *, app_id: UUID) -> tuple[str, bytes]:
    """Return a secret of 128 random bits, and the same sealed.

    Raises:
        SettingError: the file of the key can't be used.
    """
    secret = secrets.token_hex(16)
    return secret, sealer.seal(secret, purpose=SIGNING_SECRETS.purpose(app_id))


def open_signing_secret(sealer: Sealer, app: App) -> str | None:
    """Return the signing secret of an app; None if its row was changed by another than Ninefold.

    Raises:
        SecretsKeyMissingError: this process lacks a key, so it can't sign for any app.
    """
    content = open_value(sealer, SIGNING_SECRETS.table, app.app_id, app.sealed)
    return None if content is None else content.decode()


async def _replace_lost(connection: Connection, sealer: Sealer, app_ids: Sequence[UUID]) -> None:
    """Let other secrets sign, which nobody has until they are replaced. Apps refuse what is signed with them."""
    for app_id in app_ids:
        await replace_signing_secret(connection, sealer, app_id=app_id)


SIGNING_SECRETS: Final = SealedColumn(
    table="messaging.app",
    id_column="app_id",
    plain_column="signing_secret",
    title="signing secrets of apps",
    on_loss=_replace_lost,
    loss_remedy="Replace that of each app, and give it to the app: ninefold messaging apps signing-secret APP",
)
