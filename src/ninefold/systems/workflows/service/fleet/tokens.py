"""The tokens of runners, and those with which runners register."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import CredentialKind, digest_text, marked_kind
from ninefold.systems.workflows.model.fleet import REGISTRATION_PREFIX, RUNNER_PREFIX, Runner
from ninefold.systems.workflows.store import runners
from ninefold.systems.workflows.store.runners import Registration

RUNNER_TOKEN: Final = marked_kind(
    "nfrun",
    name="workflows_runner",
    label="runner token",
    id_prefix=RUNNER_PREFIX,
    remedy="Register the runner: `ninefold runner --url … --token nfreg_…`.",
)

REGISTRATION_TOKEN: Final = marked_kind(
    "nfreg",
    name="workflows_registration",
    label="registration token",
    id_prefix=REGISTRATION_PREFIX,
    remedy="Make one: `ninefold workflows runners token`.",
)

FLEET_KINDS: Final = (RUNNER_TOKEN, REGISTRATION_TOKEN)

REGISTRATION_LIFETIME: Final = timedelta(hours=1)


async def new_registration(
    connection: Connection, *, organisation_id: UUID | None, registration_id: UUID | None = None
) -> str:
    """Make a token with which runners of an organisation register; None for runners of all organisations."""
    text, _ = REGISTRATION_TOKEN.new_credential()
    await runners.registration_insert(
        connection,
        registration_id=registration_id or new_id(),
        organisation_id=organisation_id,
        digest=digest_text(text),
        lifetime=REGISTRATION_LIFETIME,
    )
    return text


async def allow_registration(
    connection: Connection, text: str, *, organisation_id: UUID | None, lifetime: timedelta | None
) -> None:
    """Accept a registration token; one that is accepted already stays as it is."""
    await runners.registration_insert(
        connection,
        registration_id=new_id(),
        organisation_id=organisation_id,
        digest=digest_text(text),
        lifetime=lifetime,
    )


async def find_registration(connection: Connection, text: str) -> Registration:
    """Return what a registration token allows.

    Raises:
        UnauthorizedError: it isn't valid.
    """
    _check_text(text, REGISTRATION_TOKEN)
    found = await runners.registration_find_by_digest(connection, digest=digest_text(text))
    if found is None:
        raise REGISTRATION_TOKEN.errors.invalid(
            "This registration token doesn't exist, or has expired.", remedy=REGISTRATION_TOKEN.remedy
        )
    return found


async def find_runner(connection: Connection, text: str) -> Runner:
    """Return the runner with a token.

    Raises:
        UnauthorizedError: there is none.
    """
    _check_text(text, RUNNER_TOKEN)
    found = await runners.runner_find_by_digest(connection, digest=digest_text(text))
    if found is None:
        raise RUNNER_TOKEN.errors.invalid("There is no runner with this token.", remedy=RUNNER_TOKEN.remedy)
    return found


def _check_text(text: str, kind: CredentialKind) -> None:
    if not text:
        raise kind.errors.missing(f"The request has no {kind.label}.", remedy=kind.remedy)
    if kind.prefix_of(text) is None:
        raise kind.errors.invalid(f"This isn't a {kind.label}.", remedy=kind.remedy)
