"""The secrets and options of sources, which are sealed together: one value for each source."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.secrets import Sealer, open_value, purpose_of_row
from ninefold.systems.callbacks.model import NewSource

SOURCE_TABLE: Final = "callbacks.source"


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """What a source verifies with."""

    secrets: tuple[str, ...]
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return "Configuration(…)"


def seal_configuration(sealer: Sealer, source: NewSource) -> bytes:
    """Return the sealed secrets and options of a source.

    Raises:
        SettingError: the file of the key can't be used.
    """
    content = msgspec.json.encode(Configuration(secrets=source.secrets, options=source.options))
    return sealer.seal_bytes(content, purpose=purpose_of_row(SOURCE_TABLE, source.source_id))


def open_configuration(sealer: Sealer, source_id: UUID, sealed: bytes | None) -> Configuration | None:
    """Return the secrets and options of a source; None if its row was changed by another than Ninefold, or has none.

    Raises:
        SecretsKeyMissingError: this process lacks a key, so it can verify nothing.
    """
    content = open_value(sealer, SOURCE_TABLE, source_id, sealed)
    return None if content is None else msgspec.json.decode(content, type=Configuration)
