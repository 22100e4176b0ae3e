"""The surface of git over HTTP."""

from ninefold.core.clock import SystemClock
from ninefold.core.system import ServerContext
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.git.application import GitApplication
from ninefold.systems.workflows.git.errors import show_git_error
from ninefold.systems.workflows.git.requests import GIT_PATH
from ninefold.systems.workflows.settings import WorkflowsSettings


def git_surface(context: ServerContext[WorkflowsSettings]) -> Surface:
    """Return the surface."""
    application = GitApplication(context.database, context.notifier, context.settings, SystemClock())
    return Surface(path=GIT_PATH, application=application, show_error=show_git_error, has_own_methods=True)
