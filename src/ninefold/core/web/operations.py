"""What machines ask about the process: is it alive, can it serve, what are its numbers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.postgres.migrations import MigrationSource, read_pending_migrations
from ninefold.core.telemetry.metrics import METRICS_CONTENT_TYPE, render_metrics
from ninefold.core.web.errors import NotReadyError

READINESS_TIMEOUT_S: Final = 2.0

ReadinessCheck: TypeAlias = Callable[[], Awaitable[None]]
"""Returns when its part is ready to serve; raises a `NinefoldError` that says what is missing."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of a process that is well."""

    status: str


def database_readiness(
    database: Database, sources: Sequence[MigrationSource], *, timeout_s: float = READINESS_TIMEOUT_S
) -> ReadinessCheck:
    """Return the check that the database answers in time, and has every migration."""

    async def check() -> None:
        try:
            async with asyncio.timeout(timeout_s), database.connection() as connection:
                pending = await read_pending_migrations(connection, sources)
        except (DatabaseUnavailableError, TimeoutError) as error:
            raise NotReadyError(
                f"The database doesn't answer within {timeout_s:g} s.", remedy="Check that PostgreSQL runs."
            ) from error
        if pending:
            names = ", ".join(f"{migration.namespace}/{migration.name}" for migration in pending)
            raise NotReadyError(f"Migrations are pending: {names}.", remedy="Run `ninefold migrate`.")

    return check


def operation_routes(readiness: Sequence[ReadinessCheck]) -> list[HTTPRouteHandler]:
    """Return the routes `/healthz`, `/readyz` and `/metrics`; they need no key and tell no secret."""

    @get("/healthz", include_in_schema=False)
    async def answer_health() -> Status:
        """Say that the process is alive."""
        return Status(status="alive")

    @get("/readyz", include_in_schema=False)
    async def answer_readiness() -> Status:
        """Say whether the process can serve."""
        for check in readiness:
            await _run(check)
        return Status(status="ready")

    @get("/metrics", include_in_schema=False, sync_to_thread=True)
    def answer_metrics() -> Response[bytes]:
        """Return the metrics of all processes of this machine."""
        return Response(content=render_metrics(), headers={"content-type": METRICS_CONTENT_TYPE})

    return [answer_health, answer_readiness, answer_metrics]


async def _run(check: ReadinessCheck) -> None:
    try:
        await check()
    except NotReadyError:
        raise
    except NinefoldError as error:
        # Such as a database that a newer version has upgraded: true, but never a 500 for whoever probes.
        raise NotReadyError(error.detail, remedy=error.remedy) from error
