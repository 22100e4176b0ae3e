"""The errors of durable jobs: those that operators see, and those that handlers raise or let pass."""

from ninefold.core.errors import ConflictError, NinefoldError, NotFoundError


class JobNotFoundError(NotFoundError):
    """There is no job with this id."""

    code = "job_not_found"
    title = "Job not found"


class JobStateError(ConflictError):
    """The job's state doesn't allow the operation."""

    code = "job_state"
    title = "Wrong state of the job"


class JobFailedError(NinefoldError):
    """Raised by a handler if a retry wouldn't help: the job becomes `failed` at once, with this error."""

    code = "job_failed"
    title = "Job failed"


class JobCanceledError(NinefoldError):
    """The job was canceled. The handler must let this error pass; it can clean up first."""

    code = "job_canceled"
    title = "Job canceled"


class JobPausedError(NinefoldError):
    """The job was paused. The handler must let this error pass; it can clean up first."""

    code = "job_paused"
    title = "Job paused"


class JobInterruptedError(NinefoldError):
    """The worker is stopping, and another one will continue the job. The handler must let this error pass."""

    code = "job_interrupted"
    title = "Job interrupted"
    is_retryable = True


class JobLostError(NinefoldError):
    """This worker's lease expired and it no longer holds the job, so it must not write anything for it."""

    code = "job_lost"
    title = "Job lost"
