"""The settings of a command: its options, which win over the environment."""

import os
from typing import Annotated, Any

from cyclopts import Parameter

from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.errors import SettingError

CORE_PREFIX = "NINEFOLD_"

# A str, because an empty path would become the current folder.
DataDir = Annotated[
    str | None,
    Parameter(help="Folder of the embedded PostgreSQL, used if NINEFOLD_DATABASE_URL isn't set [NINEFOLD_DATA_DIR]."),
]
Json = Annotated[bool, Parameter(negative="", show_default=False, help="Print JSON instead of a table.")]


def read_core_settings(**options: Any) -> CoreSettings:
    """Return the core settings; an option wins over its environment variable.

    Raises:
        SettingError: a value is invalid; the error names the option or the variable.
    """
    return read_settings(CoreSettings, prefix=CORE_PREFIX, environment=os.environ, **options)


def require_database_url(settings: CoreSettings, *, command: str) -> str:
    """Return the URL of the operator's own database.

    Raises:
        SettingError: it isn't set.
    """
    if settings.database_url is None:
        raise SettingError(
            f"`ninefold {command}` needs a database, but NINEFOLD_DATABASE_URL isn't set.",
            field="NINEFOLD_DATABASE_URL",
            remedy="Set it to postgresql://user:password@host/database, or run `ninefold up`, which includes one.",
        )
    return settings.database_url
