"""Named SQL: a package's `sql/*.sql` files as one object with an async method per query."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import aiosql


def load_queries(package: str) -> Any:
    """Load every `-- name: …` query of `<package>/sql/`.

    The result is untyped on purpose: a package's `store` wraps each query in one typed function.

    Args:
        package: a dotted package name, usually `__package__`.
    """
    return aiosql.from_path(sql_folder(package), "asyncpg", mandatory_parameters=False)


def sql_folder(package: str) -> Path:
    """Return the folder of a package's named queries."""
    return Path(str(files(package).joinpath("sql")))
