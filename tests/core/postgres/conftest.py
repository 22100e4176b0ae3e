import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from ninefold.core.postgres.embedded import EmbeddedPostgres


@pytest.fixture
def data_dir(fast_dir: Path) -> Iterator[Path]:
    """A data folder that doesn't exist yet."""
    folder = fast_dir / uuid4().hex
    yield folder / "data"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server of its own, which a test can stop, kill or reconfigure."""
    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        yield postgres
