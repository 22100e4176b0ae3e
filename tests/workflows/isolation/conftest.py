"""A host for isolated jobs; without root and bubblewrap, the tests that need one are skipped."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.systems.workflows.isolation.host import IsolationHost
from sandboxes import isolation_host


@pytest.fixture(scope="session")
def host() -> Iterator[IsolationHost]:
    if os.geteuid() != 0 or shutil.which("bwrap") is None:
        pytest.skip("jobs can be isolated only by root, with bubblewrap: scripts/bubblewrap installs it")
    with isolation_host(Path(tempfile.mkdtemp(prefix="ninefold-isolation-"))) as made:
        assert made.is_strong, made.findings
        yield made
