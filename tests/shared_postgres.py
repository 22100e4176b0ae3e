"""The PostgreSQL server that all tests of a run share, also when several processes run them."""

import asyncio
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg

from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.embedded.cluster import DATABASE, ROLE, SUPERUSER
from ninefold.core.postgres.embedded.sockets import format_dsn

MEMORY_DIR = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN = 1024**3


@contextmanager
def temporary_fast_dir() -> Iterator[Path]:
    """Make a folder in memory where there is room, for databases that need not survive.

    A new one is hundreds of small files, for which some disks take a third of a second.
    """
    has_room = MEMORY_DIR.is_dir() and shutil.disk_usage(MEMORY_DIR).free >= MEMORY_FREE_BYTES_MIN
    with TemporaryDirectory(prefix="ninefold-test-", dir=MEMORY_DIR if has_room else None) as folder:
        yield Path(folder)


@contextmanager
def running_server() -> Iterator[str]:
    """Run the server; yield its address, which other processes may use too."""
    with temporary_fast_dir() as folder, EmbeddedPostgres(folder, is_durable=False) as server:
        yield server.dsn()


class SharedPostgres:
    """The server, as one of the processes that run tests uses it.

    Args:
        dsn: what `running_server` gave.
        process_name: stands in the names of this process's databases, for whoever lists them.
    """

    def __init__(self, dsn: str, *, process_name: str) -> None:
        self._socket_dir = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        self._process_name = process_name
        # Tests with and without an event loop use it, so its connection has a loop and a thread to itself.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="postgres-administrator")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        dsn = self.dsn(role=SUPERUSER, database="postgres")
        self._connection = self._thread.submit(self._runner.run, asyncpg.connect(dsn)).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.submit(self._runner.run, self._connection.close()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def dsn(self, *, role: str = ROLE, database: str = DATABASE) -> str:
        """Return the address for a role and a database."""
        return format_dsn(self._socket_dir, role=role, database=database)

    @contextmanager
    def temporary_database(self, *, template: str = "template1") -> Iterator[str]:
        """Create a database as a copy of another, and yield its name; drop it, whoever is still connected."""
        name = f"test_{self._process_name}_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        self._thread.submit(self._runner.run, self._connection.execute(statement)).result()
