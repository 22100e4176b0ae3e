"""The errors of runners, and of the logs of jobs."""

from ninefold.core.errors import ConflictError, NotFoundError


class RunnerNotFoundError(NotFoundError):
    """There is no such runner."""

    code = "runner_not_found"
    title = "Runner not found"


class RunnerBusyError(ConflictError):
    """A runner can't be removed, because it runs a job."""

    code = "runner_busy"
    title = "The runner runs a job"


class JobNotFoundError(NotFoundError):
    """There is no such job."""

    code = "job_not_found"
    title = "Job not found"
