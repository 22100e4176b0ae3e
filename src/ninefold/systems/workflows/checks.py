"""The checks of `ninefold doctor` for workflows."""

from collections.abc import Iterable

from ninefold.core.checks import Finding, failed, ok, warning
from ninefold.core.errors import SettingError
from ninefold.systems.workflows.isolation.host import examine_isolation
from ninefold.systems.workflows.isolation.policy import policy_of
from ninefold.systems.workflows.settings import PREFIX, WorkflowsSettings


def check_isolation(settings: WorkflowsSettings) -> Iterable[Finding]:
    """Say with which layers jobs are isolated on this machine, and what is weaker without the others."""
    try:
        return examine_isolation(policy_of(settings))
    except SettingError as error:
        return [failed("isolation of jobs", error.detail, error.remedy)]


def check_runner(settings: WorkflowsSettings) -> Iterable[Finding]:
    """Say what the runner of `ninefold up` does, and whether somebody trusts all code."""
    if settings.runner_jobs == 0:
        yield ok("runner of workflows", "`ninefold up` starts none; jobs need others: `ninefold runner`")
    elif settings.runner_isolation == "none":
        yield warning(
            "runner of workflows",
            f"up to {settings.runner_jobs} jobs at once, which can do all that the user of the runner can",
            f"Unset {PREFIX}RUNNER_ISOLATION, unless all code that runs here is trusted.",
        )
    else:
        yield ok("runner of workflows", f"up to {settings.runner_jobs} jobs at once, in sandboxes")
