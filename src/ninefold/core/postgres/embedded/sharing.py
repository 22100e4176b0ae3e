"""Shares one server between processes: uses the one that is running, or runs one temporarily."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ninefold.core.postgres.embedded.ownership import AlreadyOwnedError
from ninefold.core.postgres.embedded.server import START_TIMEOUT_S, EmbeddedPostgres

_POLL_INTERVAL_S = 0.05


@contextmanager
def use_postgres(data_dir: Path) -> Iterator[str]:
    """Yield the address of the data folder's server: the running one, or one that runs until the block ends.

    Raises:
        SettingError: the data folder or this machine doesn't allow a start.
        UnavailableError: the server isn't ready in time.
    """
    postgres = EmbeddedPostgres(data_dir, is_shared=False)
    try:
        yield _start_or_join(postgres)
    finally:
        postgres.stop()


def _start_or_join(postgres: EmbeddedPostgres) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return postgres.start()
        except AlreadyOwnedError as error:
            if error.owner is not None and error.owner.dsn is not None:
                return error.owner.dsn
            # The owner is just starting its server, or has just released the folder.
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_INTERVAL_S)
