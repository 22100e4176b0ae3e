"""What a job gets besides its order: secrets, and the token for the services that it uses."""

from collections.abc import Mapping

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import random_text
from ninefold.systems.workflows.model.runs import RunJob


async def token_of(connection: Connection, job: RunJob) -> str:
    """Return a token for the services that the job uses."""
    del connection, job
    return random_text()


async def secrets_of(connection: Connection, job: RunJob) -> Mapping[str, str]:
    """Return the secrets of the repository and the organisation."""
    del connection, job
    return {}
