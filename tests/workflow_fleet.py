"""Runners for tests: they speak with the application as a runner does, without running anything."""

from datetime import UTC, datetime
from typing import Any, Self, cast
from uuid import UUID

import httpx
import msgspec
from litestar.types import ASGIApp

from http_api import Json
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.systems.workflows.model.runs import JOB_PREFIX
from ninefold.systems.workflows.service.fleet.tokens import new_registration

PATH = "/api/v1/workflows/runner"
AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC).isoformat()
STEP = {"number": 1, "id": "build", "name": "Run make"}


async def registration(database: Database, organisation_id: UUID | None = None) -> str:
    """Make a registration token; without an organisation, for runners of all."""
    async with database.transaction() as connection:
        return await new_registration(connection, organisation_id=organisation_id)


class FakeRunner:
    """A runner that does what the test tells it."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self.http = http
        self.token = token

    @classmethod
    async def register(cls, http: httpx.AsyncClient, token: str, **values: Any) -> Self:
        registering = cls(http, token)
        registered = await registering.done("register", {"name": "fake", **values})
        return cls(http, registered["token"])

    async def send(self, name: str, data: object) -> httpx.Response:
        return await self.http.post(
            f"{PATH}/{name}",
            content=msgspec.json.encode(data),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )

    async def done(self, name: str, data: object) -> Json:
        response = await self.send(name, data)
        assert response.is_success, response.text
        body: Json = response.json() if response.content else {}
        return body

    async def claim(self, *, slots: int = 1, holding: tuple[str, ...] = (), wait_s: float = 0.0) -> list[Json]:
        answer = await self.done("claim", {"slots": slots, "holding": holding, "wait_s": wait_s})
        jobs: list[Json] = answer["jobs"]
        return jobs

    async def claim_and_disconnect(self, app: ASGIApp, *, wait_s: float) -> None:
        """Ask for a job, and close the connection before there is one."""
        body = msgspec.json.encode({"slots": 1, "wait_s": wait_s})
        messages = iter([{"type": "http.request", "body": body, "more_body": False}, {"type": "http.disconnect"}])
        headers = [
            (b"authorization", f"Bearer {self.token}".encode()),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]

        async def receive() -> Any:
            return next(messages)

        async def send(_: Any) -> None:
            return None

        path = f"{PATH}/claim"
        scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
                 "headers": headers, "http_version": "1.1", "scheme": "http", "root_path": "",
                 "server": ("ninefold.test", 80), "client": ("127.0.0.1", 1), "asgi": {"version": "3.0"}}  # fmt: skip
        await app(cast(Any, scope), receive, send)

    async def begin(self, **values: Any) -> Json:
        """Claim a job and start it."""
        (job,) = await self.claim(**values)
        await self.start(job)
        return job

    async def start(self, job: Json) -> Json:
        return await self.done(f"jobs/{job['job_id']}/start", {"lease_number": job["lease_number"]})

    async def report(self, job: Json, batch: int, *texts: str, messages: list[Json] | None = None) -> Json:
        return await self.done(f"jobs/{job['job_id']}/report", report(job, batch, *texts, messages=messages))

    async def finish(self, job: Json, conclusion: str = "success") -> Json:
        return await self.done(f"jobs/{job['job_id']}/finish", finish(job, conclusion))


def report(job: Json, batch: int, *texts: str, messages: list[Json] | None = None) -> Json:
    lines = [[1, AT, text] for text in texts]
    return {"lease_number": job["lease_number"], "batch": batch, "lines": lines, "messages": messages or []}


def finish(job: Json, conclusion: str = "success") -> Json:
    result = {"conclusion": conclusion, "outputs": {}, "steps": []}
    return {"lease_number": job["lease_number"], "result": result}


def shown_id(job_id: UUID) -> str:
    return format_id(JOB_PREFIX, job_id)
