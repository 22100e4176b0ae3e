"""`ninefold up`."""

import asyncio
import os
import sys

from ninefold.edge.cli.settings import read_core_settings
from ninefold.edge.supervisor import Supervisor


def up(
    *,
    host: str | None = None,
    port: int | None = None,
    data_dir: str | None = None,
    workers: int | None = None,
) -> None:
    """Run PostgreSQL, the server and the workers.

    Args:
        host: Address to listen on [NINEFOLD_HOST; default: 127.0.0.1].
        port: Port to listen on [NINEFOLD_PORT; default: 8900].
        data_dir: Folder for all data [NINEFOLD_DATA_DIR; default: depends on the platform].
        workers: Number of worker processes [NINEFOLD_WORKERS; default: number of CPU cores minus one].
    """
    # Someone who watches a terminal gets readable lines; everything else gets JSON.
    has_chosen = any(os.environ.get(name) for name in ("NINEFOLD_LOG_FORMAT", "NINEFOLD_LOG_FORMAT_FILE"))
    is_watched = sys.stderr.isatty() and not has_chosen
    settings = read_core_settings(
        host=host,
        port=port,
        data_dir=data_dir,
        workers=workers,
        log_format="console" if is_watched else None,
    )
    asyncio.run(Supervisor(settings).run())
