"""What a job gets besides its order: secrets, and the token for the services that it uses."""

from collections.abc import Mapping
from datetime import UTC, datetime

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.runs import RunJob
from ninefold.systems.workflows.service.tokens import new_job_token


async def token_of(connection: Connection, job: RunJob) -> str:
    """Return a token for the services that the job uses."""
    return await new_job_token(connection, job.job_id, at=datetime.now(UTC))


async def secrets_of(connection: Connection, job: RunJob) -> Mapping[str, str]:
    """Return the secrets of the repository and the organisation."""
    del connection, job
    return {}
