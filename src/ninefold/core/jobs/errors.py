"""What goes wrong with durable jobs: for those who look after them, and inside a handler."""

from ninefold.core.errors import ConflictError, NinefoldError, NotFoundError


class JobNotFoundError(NotFoundError):
    """There is no job of this id."""

    code = "job_not_found"


class JobStateError(ConflictError):
    """The job's state doesn't allow this."""

    code = "job_state"


class JobFailedError(NinefoldError):
    """A handler raises it when no further attempt would help: the job is `failed` at once, for this reason."""

    code = "job_failed"
    title = "Job failed"


class JobCanceledError(NinefoldError):
    """Somebody canceled the job; its handler lets this pass, after whatever it has to put in order."""

    code = "job_canceled"
    title = "Job canceled"


class JobInterruptedError(NinefoldError):
    """The worker stops, and another one will go on with the job; its handler lets this pass."""

    code = "job_interrupted"
    title = "Job interrupted"
    is_retryable = True


class JobLostError(NinefoldError):
    """This worker was taken for dead, and others have the job; nothing may be written for it any more."""

    code = "job_lost"
    title = "Job lost"
