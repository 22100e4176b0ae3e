"""A real worker process whose only system has the job of this benchmark."""

import os
from typing import Any, Final

import msgspec

from ninefold.core.config import CoreSettings
from ninefold.core.jobs import JobHandler, JobKind, JobRun
from ninefold.core.system import WorkerContext
from ninefold.edge import worker
from ninefold.edge.systems import SYSTEMS


class Number(msgspec.Struct, frozen=True):
    """The payload of a job."""

    value: int


DOUBLE: Final = JobKind(name="bench.double", payload=Number)


async def double(job: JobRun[Number], _: WorkerContext[Any]) -> int:
    """Return a result that is cheap to compute and can be checked."""
    return 2 * job.payload.value


def _no_worker_tasks(_: WorkerContext[Any]) -> tuple[()]:
    return ()


def main() -> None:
    """Run the worker until it is stopped."""
    system = msgspec.structs.replace(
        SYSTEMS[0], worker_tasks=_no_worker_tasks, job_handlers=(JobHandler(DOUBLE, double),)
    )
    vars(worker)["SYSTEMS"] = (system,)
    worker.run_worker(CoreSettings(), database_url=os.environ["NINEFOLD_DATABASE_URL"], metrics_port=None)


if __name__ == "__main__":
    main()
