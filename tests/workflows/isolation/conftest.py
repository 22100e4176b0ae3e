"""A host for isolated jobs; without root and bubblewrap, the tests that need one are skipped."""

import os
import shutil
from collections.abc import Iterator

import pytest

from ninefold.systems.workflows.isolation.host import IsolationHost
from sandboxes import isolation_host, new_folder


@pytest.fixture(scope="session")
def host() -> Iterator[IsolationHost]:
    if os.geteuid() != 0 or shutil.which("bwrap") is None:
        pytest.skip("jobs can be isolated only by root, with bubblewrap: scripts/bubblewrap installs it")
    with isolation_host(new_folder()) as made:
        assert made.is_strong, made.findings
        yield made
