from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.core.postgres.embedded import EmbeddedPostgres


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A server that runs already, for tests that treat it badly."""
    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        yield postgres
