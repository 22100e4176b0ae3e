"""The PostgreSQL server that all tests of a run share, even if several processes run them."""

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
    """Create a folder in memory if there is enough space, for databases that needn't be durable.

    A new database has hundreds of small files, which take some disks a third of a second.
    """
    has_room = MEMORY_DIR.is_dir() and shutil.disk_usage(MEMORY_DIR).free >= MEMORY_FREE_BYTES_MIN
    with TemporaryDirectory(prefix="ninefold-test-", dir=MEMORY_DIR if has_room else None) as folder:
        yield Path(folder)


@contextmanager
def running_server() -> Iterator[str]:
    """Run the server; yield its address, which other processes can use too."""
    with temporary_fast_dir() as folder, EmbeddedPostgres(folder, is_durable=False) as server:
        yield server.dsn()


class SharedPostgres:
    """One test process's access to the server.

    Args:
        dsn: the address that `running_server` yielded.
        process_name: becomes part of this process's database names, to help with debugging.
    """

    def __init__(self, dsn: str, *, process_name: str) -> None:
        self._socket_dir = Path(parse_qs(urlsplit(dsn).query)["host"][0])
        self._process_name = process_name
        # Tests with and without an event loop use it, so its connection has its own event loop and thread.
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
        """Create a database as a copy of another, and yield its name; then drop it, even if there are connections."""
        name = f"test_{self._process_name}_{uuid4().hex}"
        self._execute(f"CREATE DATABASE {name} OWNER {ROLE} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        self._thread.submit(self._runner.run, self._connection.execute(statement)).result()
