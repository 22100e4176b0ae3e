"""What a job gets besides its order: secrets, and the token for the services that it uses."""

from collections.abc import Mapping
from datetime import datetime

from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.workflows.model.runs import RunJob
from ninefold.systems.workflows.service.secrets import job_secrets
from ninefold.systems.workflows.service.tokens import new_job_token


async def token_of(connection: Connection, job: RunJob, *, at: datetime) -> str:
    """Return a token for the services that the job uses."""
    return await new_job_token(connection, job.job_id, at=at)


async def secrets_of(connection: Connection, sealer: Sealer, job: RunJob) -> Mapping[str, str]:
    """Return the secrets of the repository and the organisation."""
    return await job_secrets(connection, sealer, organisation_id=job.organisation_id, repository_id=job.repository_id)
