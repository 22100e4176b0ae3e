"""One server for all tests of Slack's API that a test process runs."""

from collections.abc import Iterator

import pytest

from http_api import Api
from installations import serving
from shared_postgres import SharedPostgres
from slack_clients import Workspace


@pytest.fixture(scope="session")
def server_database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    """The address of the database of `server_url`."""
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture(scope="session")
def server_url(server_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server process."""
    with serving(server_database_url, log=tmp_path_factory.mktemp("server") / "log.ndjson") as url:
        yield url


@pytest.fixture
async def workspace(server_api: Api, server_url: str) -> Workspace:
    """The messaging of a new organisation."""
    return Workspace(server_api, server_url)
