"""The routes of the surface that runners use."""

import asyncio
from typing import Any, Final

from litestar import Request, Response, post
from litestar.params import FromPath

from ninefold.core.postgres.database import Database
from ninefold.core.web.bodies import FromBody, JsonRequest
from ninefold.core.web.ids import PathId
from ninefold.core.web.surfaces import Connection, Surface
from ninefold.systems.workflows.fleet.handling import FleetHandler
from ninefold.systems.workflows.model.fleet import Runner
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.fleet.protocol import (
    BATCH_BYTES_MAX,
    RESULT_BYTES_MAX,
    RUNNER_PATH,
    Assignment,
    Claim,
    ClaimAnswer,
    Done,
    Finish,
    Leave,
    Register,
    Registered,
    Report,
    ReportAnswer,
    Start,
)
from ninefold.systems.workflows.service.fleet.tokens import find_registration, find_runner
from ninefold.systems.workflows.store.runners import Registration

_CALLER: Final = "workflows_fleet_caller"
_REGISTER_PATH: Final = f"{RUNNER_PATH}/register"


class WorkedJobId(PathId):
    """The id of a job."""

    prefix = JOB_PREFIX


def runner_surface(database: Database, handler: FleetHandler) -> Surface:
    """Return the surface."""

    async def authenticate(connection: Connection) -> None:
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        text = token.strip() if scheme.lower() == "bearer" else ""
        async with database.connection() as database_connection:
            caller = await (
                find_registration(database_connection, text)
                if connection.scope["path"].rstrip("/") == _REGISTER_PATH
                else find_runner(database_connection, text)
            )
        connection.scope["state"][_CALLER] = caller

    @post(_REGISTER_PATH, status_code=201)
    async def register_runner(request: Request[Any, Any, Any], data: FromBody[Register]) -> Registered:
        registration: Registration = request.scope["state"][_CALLER]
        return await handler.register(registration, data)

    @post(f"{RUNNER_PATH}/claim", status_code=200)
    async def claim_jobs(request: Request[Any, Any, Any], data: FromBody[Claim]) -> ClaimAnswer:
        claiming = asyncio.create_task(handler.claim(_runner_of(request), data))
        leaving = asyncio.create_task(_wait_for_disconnect(request))
        try:
            await asyncio.wait([claiming, leaving], return_when=asyncio.FIRST_COMPLETED)
            # To a runner that has been killed, a job would be given in vain, and wait until its lease ends.
            return claiming.result() if claiming.done() else ClaimAnswer(jobs=[], is_draining=False)
        finally:
            claiming.cancel()
            leaving.cancel()

    @post(f"{RUNNER_PATH}/jobs/{{job_id:str}}/start", status_code=200)
    async def start_job(
        request: Request[Any, Any, Any], job_id: FromPath[WorkedJobId], data: FromBody[Start]
    ) -> Assignment | Response[None]:
        assignment = await handler.start(_runner_of(request), job_id, data)
        return Response(None, status_code=204) if assignment is None else assignment

    @post(f"{RUNNER_PATH}/jobs/{{job_id:str}}/report", status_code=200, request_max_body_size=BATCH_BYTES_MAX)
    async def report_job(
        request: Request[Any, Any, Any], job_id: FromPath[WorkedJobId], data: FromBody[Report]
    ) -> ReportAnswer:
        return await handler.report(_runner_of(request), job_id, data)

    @post(f"{RUNNER_PATH}/jobs/{{job_id:str}}/finish", status_code=200, request_max_body_size=RESULT_BYTES_MAX)
    async def finish_job(
        request: Request[Any, Any, Any], job_id: FromPath[WorkedJobId], data: FromBody[Finish]
    ) -> Done:
        await handler.finish(_runner_of(request), job_id, data)
        return Done()

    @post(f"{RUNNER_PATH}/drain", status_code=200)
    async def drain_runner(request: Request[Any, Any, Any]) -> Done:
        await handler.drain(_runner_of(request))
        return Done()

    @post(f"{RUNNER_PATH}/leave", status_code=200)
    async def leave_fleet(request: Request[Any, Any, Any], data: FromBody[Leave]) -> Done:
        await handler.leave(_runner_of(request), data)
        return Done()

    return Surface(
        path=RUNNER_PATH,
        routes=[register_runner, claim_jobs, start_job, report_job, finish_job, drain_runner, leave_fleet],
        authenticate=authenticate,
        request_class=JsonRequest,
    )


def _runner_of(request: Request[Any, Any, Any]) -> Runner:
    runner: Runner = request.scope["state"][_CALLER]
    return runner


async def _wait_for_disconnect(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
