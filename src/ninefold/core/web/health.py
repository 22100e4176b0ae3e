"""Health checks and metrics: `/healthz`, `/readyz` and `/metrics`."""

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
"""Returns if a part of the process is ready; raises a `NinefoldError` that says what is missing."""


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The response of a healthy process."""

    status: str


def database_readiness(
    database: Database, sources: Sequence[MigrationSource], *, timeout_s: float = READINESS_TIMEOUT_S
) -> ReadinessCheck:
    """Return a check that the database responds in time and has every migration."""

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


def health_routes(readiness: Sequence[ReadinessCheck]) -> list[HTTPRouteHandler]:
    """Return the routes `/healthz`, `/readyz` and `/metrics`; they need no API key and expose no secrets."""

    @get("/healthz", include_in_schema=False)
    async def get_health() -> Status:
        """Report that the process is alive."""
        return Status(status="alive")

    @get("/readyz", include_in_schema=False)
    async def get_readiness() -> Status:
        """Report whether the process can serve requests."""
        for check in readiness:
            await _run(check)
        return Status(status="ready")

    @get("/metrics", include_in_schema=False, sync_to_thread=True)
    def get_metrics() -> Response[bytes]:
        """Return the metrics of all processes on this machine."""
        return Response(content=render_metrics(), headers={"content-type": METRICS_CONTENT_TYPE})

    return [get_health, get_readiness, get_metrics]


async def _run(check: ReadinessCheck) -> None:
    try:
        await check()
    except NotReadyError:
        raise
    except NinefoldError as error:
        # For example, a newer version has upgraded the database. A probe gets 503 for that, not 500.
        raise NotReadyError(error.detail, remedy=error.remedy) from error
