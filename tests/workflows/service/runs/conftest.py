import pytest

from ninefold.core.postgres.database import Database
from workflow_runs import RunWorld


@pytest.fixture
async def world(database: Database) -> RunWorld:
    return await RunWorld(database).create()
