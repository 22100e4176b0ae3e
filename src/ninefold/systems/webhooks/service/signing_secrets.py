"""How the secrets that sign deliveries are sealed."""

import os
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import SealedColumn, Sealer, open_value
from ninefold.systems.webhooks.rules.signing import KEY_BYTES
from ninefold.systems.webhooks.store.subscriptions import signing_secret_replace


async def _replace_lost(connection: Connection, sealer: Sealer, secret_ids: Sequence[UUID]) -> None:
    """Let other keys sign, which nobody has until the secret is rotated. Receivers refuse what is signed with them."""
    for secret_id in secret_ids:
        sealed = sealer.seal_bytes(os.urandom(KEY_BYTES), purpose=SIGNING_SECRETS.purpose(secret_id))
        await signing_secret_replace(connection, signing_secret_id=secret_id, sealed=sealed)


SIGNING_SECRETS: Final = SealedColumn(
    table="webhooks.signing_secret",
    id_column="signing_secret_id",
    plain_column="key",
    title="signing secrets of subscriptions",
    on_loss=_replace_lost,
    loss_remedy="Rotate the secret of each subscription, and give it to the receiver: "
    "ninefold subscriptions rotate-secret SUB_ID --grace-s 0",
)


def open_signing_secret(sealer: Sealer, secret_id: UUID, sealed: bytes) -> bytes | None:
    """Return the key of a secret; None if its row was changed by another than Ninefold.

    Raises:
        SecretsKeyMissingError: this process lacks a key, so it can't sign for anybody.
    """
    return open_value(sealer, SIGNING_SECRETS.table, secret_id, sealed)
