"""A runner's jobs in sandboxes: what they are told about the server, and when they aren't run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ninefold.systems.workflows.execution.order import Services
from ninefold.systems.workflows.isolation.policy import IsolationPolicy
from ninefold.systems.workflows.runner.sandboxes import SandboxExecutor
from ninefold.systems.workflows.service.fleet.protocol import Assignment
from ninefold.systems.workflows.service.runs.orders import OrderedJob
from sandboxes import LIMITS, new_folder
from workflow_jobs import JobInTest

ASSIGNMENT = Assignment(
    job_id="wjob_1",
    lease_number=1,
    lease_s=30,
    organisation_id="org_1",
    uid_number=1,
    is_trusted=False,
    is_from_fork=False,
    results_token="t",
    server_url=None,
    order=OrderedJob(job_id="job", key="job", name="job", steps=(), contexts={}, timeout_s=60),
)


@pytest.fixture
async def executor() -> AsyncIterator[SandboxExecutor]:
    folder = new_folder()
    made = SandboxExecutor(IsolationPolicy(limits=LIMITS), folder, server_url="http://127.0.0.1:8900")
    yield made
    made.close()


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)


@pytest.mark.usefixtures("no_programs")
async def test_a_job_that_would_not_be_isolated_well_enough_fails_and_says_why(
    executor: SandboxExecutor, tmp_path: Path
) -> None:
    job = JobInTest(tmp_path, f"steps: [{{run: 'touch {tmp_path}/ran'}}]")
    result = await executor.run(ASSIGNMENT, job.order, job.record, asyncio.Event())
    assert result.conclusion == "failure"
    assert [each.conclusion for each in job.record.ended] == ["failure"]
    assert "bubblewrap is absent" in job.record.text
    assert "NINEFOLD_WORKFLOWS_ALLOW_WEAK_ISOLATION" in job.record.text
    assert "ran" not in [path.name for path in tmp_path.iterdir()]  # noqa: ASYNC240 - quick.


@pytest.mark.usefixtures("no_programs")
async def test_a_trusted_job_runs_and_reaches_the_server(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    asked: list[str] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    folder = new_folder()
    executor = SandboxExecutor(IsolationPolicy(limits=LIMITS), folder, server_url=f"http://127.0.0.1:{port}")
    job = JobInTest(
        tmp_path, "steps: [{run: 'echo $GITHUB_SERVER_URL; git ls-remote $GITHUB_SERVER_URL/acme/site || true'}]"
    )
    order = msgspec.structs.replace(
        job.order, services=Services(results_url="http://127.0.0.1:8900/", token="a-long-token")
    )
    trusted = msgspec.structs.replace(ASSIGNMENT, is_trusted=True)
    async with server:
        result = await executor.run(trusted, order, job.record, asyncio.Event())
    executor.close()
    assert result.conclusion == "success", job.record.text
    assert job.record.output()[0].startswith("http://ninefold.localhost:")
    assert asked[0].startswith("GET /git/acme/site.git/info/refs?service=git-upload-pack HTTP/1.1")
    assert "X-Ninefold-Host: localhost:" in asked[0]
