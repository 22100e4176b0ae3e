"""The environment of a step's process."""

import os
from collections.abc import Mapping
from typing import Final

from ninefold.systems.workflows.execution.contexts import JobContexts
from ninefold.systems.workflows.execution.order import JobOrder, Services
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.values import text_of

GITHUB_VARIABLES: Final = frozenset(
    {
        "action",
        "action_path",
        "action_ref",
        "action_repository",
        "actor",
        "actor_id",
        "api_url",
        "base_ref",
        "env",
        "event_name",
        "event_path",
        "graphql_url",
        "head_ref",
        "job",
        "output",
        "path",
        "ref",
        "ref_name",
        "ref_protected",
        "ref_type",
        "repository",
        "repository_id",
        "repository_owner",
        "repository_owner_id",
        "retention_days",
        "run_attempt",
        "run_id",
        "run_number",
        "server_url",
        "sha",
        "state",
        "step_summary",
        "triggering_actor",
        "workflow",
        "workflow_ref",
        "workflow_sha",
        "workspace",
    }
)
"""Properties of the context `github` that are variables (actions/runner, `Runner.Worker/GitHubContext.cs`)."""

_PATH: Final = "PATH"


def search_path(order: JobOrder, state: StepState) -> str:
    """Return the `PATH` of a step: the folders that steps have added, the last one first, then those from before."""
    before = state.env.get(_PATH, order.variables.get(_PATH, os.defpath))
    return os.pathsep.join([*reversed(state.job.paths), before])


def process_environment(order: JobOrder, contexts: JobContexts, state: StepState) -> dict[str, str]:
    """Return the variables of a step's process; what the runner sets can't be changed by a workflow."""
    environment = {
        "CI": "true",
        **order.variables,
        **state.env,
        **{f"STATE_{name}": value for name, value in state.saved.items()},
        _PATH: search_path(order, state),
        "GITHUB_ACTIONS": "true",
    }
    for name, value in contexts.github(state).items():
        if name in GITHUB_VARIABLES and isinstance(value, str | bool):
            environment[f"GITHUB_{name.upper()}"] = text_of(value)
    for name, item in contexts.runner.items():
        environment[f"RUNNER_{name.upper()}"] = text_of(item)
    return environment


def input_variables(inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the inputs of a JavaScript action as variables. Their names keep hyphens, which no shell could export."""
    return {f"INPUT_{name.replace(' ', '_').upper()}": value for name, value in inputs.items()}


def service_variables(services: Services | None) -> dict[str, str]:
    """Return what official actions need to reach the services for artifacts and caches."""
    if services is None:
        return {}
    return {
        "ACTIONS_RUNTIME_URL": services.runtime_url or services.results_url,
        "ACTIONS_RUNTIME_TOKEN": services.token,
        "ACTIONS_RESULTS_URL": services.results_url,
        "ACTIONS_CACHE_SERVICE_V2": "True",
        **({"ACTIONS_CACHE_URL": services.cache_url} if services.cache_url else {}),
    }
