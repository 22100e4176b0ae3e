"""The column with the sealed secrets and options of sources, and what becomes of them when their key is lost."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import SealedColumn, Sealer
from ninefold.systems.callbacks.store.configurations import SOURCE_TABLE
from ninefold.systems.callbacks.store.sources import source_forget_configurations


async def _forget_lost(connection: Connection, _: Sealer, source_ids: Sequence[UUID]) -> None:
    """Leave sources without secrets and options: what they receive is quarantined until they have some again."""
    await source_forget_configurations(connection, source_ids=source_ids)


CONFIGURATIONS: Final = SealedColumn(
    table=SOURCE_TABLE,
    id_column="source_id",
    plain_column="configuration",
    title="secrets and options of sources of callbacks",
    on_loss=_forget_lost,
    loss_remedy="Set those of each source again, and verify what was quarantined meanwhile: "
    "ninefold sources update SRC_ID --secret @FILE; ninefold callbacks reverify SRC_ID",
)
