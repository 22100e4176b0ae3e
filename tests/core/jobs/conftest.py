import pytest

from durable_jobs import Jobs
from ninefold.core.postgres.database import Database


@pytest.fixture
def jobs(database: Database) -> Jobs:
    """The jobs table."""
    return Jobs(database)
