"""The list of systems. A new system adds its line here; `docs/adding-a-system.md` says what else it needs."""

from collections.abc import Sequence
from typing import Final

from ninefold.core import blobs, jobs, live, queue, secrets, tenancy
from ninefold.core.contracts import Implementations
from ninefold.core.jobs.routes import job_routes
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.secrets import SealedColumn
from ninefold.core.system import AnySystem, System
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.personal_kinds import PERSONAL_KINDS
from ninefold.core.tenancy.second_factor import TOTP_SECRETS
from ninefold.systems.assistant.wiring import SYSTEM as ASSISTANT
from ninefold.systems.callbacks.wiring import SYSTEM as CALLBACKS
from ninefold.systems.chess.wiring import SYSTEM as CHESS
from ninefold.systems.messaging.wiring import SYSTEM as MESSAGING
from ninefold.systems.payments.wiring import SYSTEM as PAYMENTS
from ninefold.systems.video.wiring import SYSTEM as VIDEO
from ninefold.systems.webhooks.wiring import SYSTEM as WEBHOOKS
from ninefold.systems.workflows.wiring import SYSTEM as WORKFLOWS

CORE: Final[AnySystem] = System(name="core", routes=job_routes, sealed_columns=(TOTP_SECRETS,))
"""What the core itself offers over HTTP, and seals. The server has it besides the systems."""

SYSTEMS: Final[tuple[AnySystem, ...]] = (WEBHOOKS, CALLBACKS, ASSISTANT, CHESS, MESSAGING, PAYMENTS, WORKFLOWS, VIDEO)


def migration_sources() -> list[MigrationSource]:
    """Return the sources of all migrations, in the order in which they are applied."""
    own = [system.migrations for system in SYSTEMS if system.migrations is not None]
    core = [tenancy, queue, jobs, live, blobs, secrets]
    return [*[package.MIGRATIONS for package in core], *own]


def credential_kinds() -> list[CredentialKind]:
    """Return the kinds of credentials of people and of all systems, besides API keys."""
    return [*PERSONAL_KINDS, *[kind for system in SYSTEMS for kind in system.credential_kinds]]


def sealed_columns() -> list[SealedColumn]:
    """Return the columns with sealed values, of the core and of all systems."""
    return [column for system in (CORE, *SYSTEMS) for column in system.sealed_columns]


def implementations_of(systems: Sequence[AnySystem]) -> Implementations:
    """Return what these systems offer to each other.

    Raises:
        ValueError: two of them implement one contract.
    """
    return Implementations(each for system in systems for each in system.implements)
