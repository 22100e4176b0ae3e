"""What all objects share: their type, times in seconds, ids."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from ninefold.core.ids import format_id

# Any, because the values are whatever the object has.
Json: TypeAlias = dict[str, Any]
"""An object."""


def seconds(at: datetime | None) -> int | None:
    """Return a time in Unix seconds; None if there is none."""
    return None if at is None else int(at.timestamp())


def id_or_none(prefix: str, value: UUID | None) -> str | None:
    """Return the text of an id; None if there is none."""
    return None if value is None else format_id(prefix, value)


def as_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return metadata as it is shown."""
    return dict(metadata)
