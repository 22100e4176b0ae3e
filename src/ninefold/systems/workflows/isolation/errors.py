"""Why a job wasn't run. In both cases, nothing of it was."""

from ninefold.core.errors import ForbiddenError, UnavailableError


class IsolationRefusedError(ForbiddenError):
    """A job whose code isn't trusted can't run on this machine, because it isn't isolated well enough."""

    code = "isolation_refused"
    title = "The job isn't isolated well enough"


class IsolationFailedError(UnavailableError):
    """The sandbox of a job couldn't be started."""

    code = "isolation_failed"
    title = "The sandbox couldn't be started"
