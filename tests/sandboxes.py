"""Sandboxes in tests: a host for isolated jobs, and jobs that run in it."""

import atexit
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.isolation.host import IsolationHost, make_isolation_host
from ninefold.systems.workflows.isolation.policy import GIB, MIB, IsolationPolicy, JobFacts, JobLimits
from workflow_jobs import JobInTest

LIMITS: Final = JobLimits(
    memory_bytes=512 * MIB, processes=128, cpus=2, disk_bytes=64 * MIB, file_bytes=32 * MIB, log_bytes=4 * MIB
)
TRUSTED: Final = JobFacts(organisation_number=1, is_trusted=True)
UNTRUSTED: Final = JobFacts(organisation_number=1)

assert LIMITS.memory_bytes < GIB


def new_folder() -> Path:
    """Make a folder for a host, whose path is short; it is removed at the end of the tests."""
    folder = Path(tempfile.mkdtemp(prefix="ninefold-isolation-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def isolation_host(folder: Path, **policy: Any) -> Iterator[IsolationHost]:
    """Make a host whose folder every user may pass, as jobs have other ones than the tests."""
    # Below pytest's folder, which only its user may pass, a job without namespaces couldn't reach its files.
    yield make_isolation_host(IsolationPolicy(**{"limits": LIMITS, **policy}), folder)
    assert not any(path.is_mount() for path in (folder / "jobs").glob("*/disk"))
    shutil.rmtree(folder, ignore_errors=True)


async def run_isolated(
    host: IsolationHost, folder: Path, text: str, *, facts: JobFacts = UNTRUSTED, **fields: Any
) -> tuple[JobResult, JobInTest]:
    """Run a job in a sandbox to its end."""
    job = JobInTest(folder / uuid.uuid4().hex, text, **fields)
    result = await host.run_job(job.order, job.record, job.cancel, facts=facts)
    return result, job


def changed(facts: JobFacts, **fields: Any) -> JobFacts:
    """Return facts with other fields."""
    return msgspec.structs.replace(facts, **fields)
