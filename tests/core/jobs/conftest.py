import pytest

from durable_jobs import Jobs
from ninefold.core.postgres.database import Database


@pytest.fixture
def jobs(database: Database) -> Jobs:
    """The table of jobs."""
    return Jobs(database)
