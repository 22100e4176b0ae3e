"""The secrets that a called workflow gets from its callers."""

from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.systems.workflows.expressions import Object, evaluate_template, make_scope, text_of
from ninefold.systems.workflows.planning.decisions import SecretsStep

JOB_TOKEN: Final = "GITHUB_TOKEN"  # noqa: S105 - this is its name.
"""The secret that every job has, whether it is passed on or not."""


def passed_secrets(secrets: Mapping[str, str], steps: Sequence[SecretsStep]) -> Mapping[str, str]:
    """Return what is left of the secrets of a run after some calls.

    Args:
        secrets: of the first workflow, by name.
        steps: the calls, outermost first (`PlannedJob.secrets`).

    Raises:
        ExpressionError: what a call passes can't be evaluated.
    """
    for step in steps:
        if not step.inherits:
            secrets = {**_always(secrets), **_passed(secrets, step)}
    return secrets


def _always(secrets: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in secrets.items() if name.upper() == JOB_TOKEN}


def _passed(secrets: Mapping[str, str], step: SecretsStep) -> dict[str, str]:
    if step.template is None:
        return {}
    value = evaluate_template(step.template, make_scope({**step.contexts, "secrets": dict(secrets)}))
    return {name: text_of(each) for name, each in value.items()} if isinstance(value, Object) else {}
