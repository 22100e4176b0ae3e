"""One server for all tests of Stripe's API that a test process runs, and merchants with Stripe's own client."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from http_api import Api
from installations import serving
from shared_postgres import SharedPostgres
from stripe_shops import StripeShop, open_stripe_shop, simulating


@pytest.fixture(scope="session")
def server_database_url(postgres: SharedPostgres, template_database: str) -> Iterator[str]:
    """The address of the database of `server_url`."""
    with postgres.temporary_database(template=template_database) as name:
        yield postgres.dsn(database=name)


@pytest.fixture(scope="session")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the server."""
    return tmp_path_factory.mktemp("server") / "log.ndjson"


@pytest.fixture(scope="session")
def server_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server, with what the simulated processor has written."""
    return tmp_path_factory.mktemp("stripe")


@pytest.fixture(scope="session")
def server_url(server_database_url: str, server_log: Path, server_dir: Path) -> Iterator[str]:
    """A server process with a process of the simulated processor."""
    settings = {
        "NINEFOLD_DATA_DIR": str(server_dir),
        "NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S": "2",
        "NINEFOLD_PAYMENTS_MERCHANT_RATE_PER_S": "200",
    }
    with simulating(settings), serving(server_database_url, log=server_log, settings=settings) as url:
        yield url


@pytest.fixture
async def shop(server_api: Api, server_url: str) -> AsyncIterator[StripeShop]:
    """A merchant of a new organisation."""
    opened = await open_stripe_shop(server_api, server_url)
    yield opened
    await opened.close()
