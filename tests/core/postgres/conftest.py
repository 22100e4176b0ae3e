import shutil
import subprocess
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


@pytest.fixture(scope="session")
def first_data_dir(fast_dir: Path) -> Path:
    """A data folder whose server has been stopped, to be copied: making a cluster takes six times as long."""
    folder = fast_dir / "first"
    with EmbeddedPostgres(folder, is_durable=False):
        pass
    return folder


@pytest.fixture
def made_data_dir(first_data_dir: Path, data_dir: Path) -> Path:
    """A data folder with a cluster in it."""
    data_dir.parent.mkdir()
    # With owners and permissions, which Python's own copies leave behind.
    subprocess.run(["cp", "-a", first_data_dir, data_dir], check=True)
    return data_dir


@pytest.fixture
def server(made_data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server of its own, which a test can stop, kill or reconfigure."""
    with EmbeddedPostgres(made_data_dir, is_durable=False) as postgres:
        yield postgres
