"""The checks of `ninefold doctor` for workflows."""

from collections.abc import Iterable

from ninefold.core.checks import Finding, failed
from ninefold.core.errors import SettingError
from ninefold.systems.workflows.isolation.host import examine_isolation
from ninefold.systems.workflows.isolation.policy import policy_of
from ninefold.systems.workflows.settings import WorkflowsSettings


def check_isolation(settings: WorkflowsSettings) -> Iterable[Finding]:
    """Say with which layers jobs are isolated on this machine, and what is weaker without the others."""
    try:
        return examine_isolation(policy_of(settings))
    except SettingError as error:
        return [failed("isolation of jobs", error.detail, error.remedy)]
