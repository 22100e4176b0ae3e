"""Tokens of jobs: what a job shows to the results services, and to git.

Official clients read two ids from the token as from a JWT (`scp`: `Actions.Results:<run>:<job>`), so it has that form.
Nobody checks its signature, which is random: the token is looked up by its digest, and only while its job runs.
"""

import base64
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import digest_text, random_text
from ninefold.systems.workflows.errors import JobTokenInvalidError, RunNotFoundError
from ninefold.systems.workflows.model.results import JobCaller
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from ninefold.systems.workflows.store import job_tokens as store

TOKEN_LENGTH_MAX: Final = 2_000

_LIFETIME: Final = timedelta(days=7)
"""What the token says to clients; it is dead when its job ends."""

_ISSUER: Final = "ninefold"


async def new_job_token(connection: Connection, job_id: UUID, *, at: datetime) -> str:
    """Return a token for a job that starts; an earlier one of it is dead then. Call it in the transaction of the start.

    Raises:
        RunNotFoundError: there is no such job.
    """
    header = _part({"alg": "HS256", "typ": "JWT"})
    signature = random_text()
    # The run is known only to the database, so the digest is of the random part.
    run_id = await store.job_token_put(connection, job_id=job_id, digest=digest_text(signature), created_at=at)
    if run_id is None:
        raise RunNotFoundError(f"There is no job {format_id(JOB_PREFIX, job_id)}.")
    scope = f"Actions.Results:{format_id(RUN_PREFIX, run_id)}:{format_id(JOB_PREFIX, job_id)}"
    claims = {
        "iss": _ISSUER,
        "scp": scope,
        "iat": int(at.timestamp()),
        "exp": int((at + _LIFETIME).timestamp()),
    }
    return f"{header}.{_part(claims)}.{signature}"


def is_job_token(text: str) -> bool:
    """Return whether a text has the form of a job's token; no other credential has it."""
    return text.count(".") == 2 and text.startswith("eyJ")  # noqa: PLR2004 - a JWT has three parts.


async def find_job(connection: Connection, text: str) -> JobCaller:
    """Return the job that has a token.

    Raises:
        JobTokenInvalidError: no job that runs has it.
    """
    signature = text.rpartition(".")[2]
    is_whole = is_job_token(text) and len(text) <= TOKEN_LENGTH_MAX
    found = await store.job_token_find(connection, digest=digest_text(signature)) if is_whole else None
    if found is None:
        raise JobTokenInvalidError(
            "No job that runs has this token.", remedy="Use ACTIONS_RUNTIME_TOKEN of a step, while its job runs."
        )
    return found


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(content)).rstrip(b"=").decode()
