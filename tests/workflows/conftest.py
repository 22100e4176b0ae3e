"""What tests of workflows share: settings that are the same for all, so that each process builds one application."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

SECRETS_KEY = bytes(range(32))


@pytest.fixture(scope="session")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the repositories of all tests of this process; their ids differ."""
    return tmp_path_factory.mktemp("hosted")


@pytest.fixture
def environment(hosted: Path) -> Mapping[str, str]:
    return {
        "NINEFOLD_WORKFLOWS_REPOSITORIES": str(hosted),
        "NINEFOLD_SECRETS_KEY": b64encode(SECRETS_KEY).decode(),
    }
