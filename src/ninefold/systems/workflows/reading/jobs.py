"""Makes the jobs of a workflow from templates, and checks what no grammar can say: ids, needs, matrices."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from ninefold.systems.workflows.expressions import Allowed, allowed_of_grammar
from ninefold.systems.workflows.model.templates import (
    Literal,
    Template,
    TemplateMapping,
    TemplateSequence,
    is_literal,
)
from ninefold.systems.workflows.model.values import text_of
from ninefold.systems.workflows.model.workflow import AnyJob, CallJob, Concurrency, Job, RunDefaults, Strategy
from ninefold.systems.workflows.reading.definitions import workflow_grammar
from ninefold.systems.workflows.reading.entries import entries_of, items_of, keys_of, text_at, texts_of
from ninefold.systems.workflows.reading.identifiers import wrong_id
from ninefold.systems.workflows.reading.needs import check_needs
from ninefold.systems.workflows.reading.problems import Problems
from ninefold.systems.workflows.reading.runs_on import check_runs_on
from ninefold.systems.workflows.reading.steps import make_condition, make_steps

GROUP_LENGTH_MAX: Final = 400
"""Names of concurrency groups must be shorter."""

_FILTERS: Final = frozenset({"include", "exclude"})


def make_jobs(template: Template, problems: Problems) -> Mapping[str, AnyJob]:
    """Return the jobs by their ids; what is wrong is added to `problems`."""
    keys = keys_of(template)
    jobs = {job_id: _make_job(keys[job_id], each, problems) for job_id, each in entries_of(template).items()}
    needs = {job_id: items_of(entries_of(each).get("needs")) for job_id, each in entries_of(template).items()}
    check_needs(needs, template.position, problems)
    return jobs


@cache
def _job_condition() -> Allowed:
    return allowed_of_grammar(workflow_grammar()["job-if"].context)


@cache
def _step_condition() -> Allowed:
    return allowed_of_grammar(workflow_grammar()["step-if"].context)


def _make_job(key: Literal, template: Template, problems: Problems) -> AnyJob:
    job_id = text_of(key.value)
    if wrong := wrong_id(job_id):
        problems.add(wrong, key.position)
    entries = entries_of(template)
    condition = make_condition(entries.get("if"), allowed=_job_condition(), problems=problems)
    strategy = _strategy(entries.get("strategy"), problems)
    concurrency = make_concurrency(entries.get("concurrency"), problems)
    if "uses" in entries:
        return _call_job(job_id, entries, condition, strategy, concurrency=concurrency)
    _check_containers(entries, problems)
    check_runs_on(entries.get("runs-on"), problems)
    return Job(
        id=job_id,
        name=entries.get("name"),
        needs=texts_of(entries.get("needs")) or (),
        if_=condition,
        runs_on=entries["runs-on"],
        strategy=strategy,
        env=entries.get("env"),
        defaults=make_defaults(entries.get("defaults")),
        outputs=entries.get("outputs"),
        steps=make_steps(entries.get("steps"), condition_allows=_step_condition(), problems=problems),
        timeout_minutes=entries.get("timeout-minutes"),
        cancel_timeout_minutes=entries.get("cancel-timeout-minutes"),
        continue_on_error=entries.get("continue-on-error"),
        concurrency=concurrency,
        permissions=entries.get("permissions"),
        environment=entries.get("environment"),
        container=entries.get("container"),
        services=entries.get("services"),
        snapshot=entries.get("snapshot"),
        position=template.position,
    )


def _call_job(
    job_id: str,
    entries: Mapping[str, Template],
    condition: Template | None,
    strategy: Strategy | None,
    *,
    concurrency: Concurrency | None,
) -> CallJob:
    inherits = text_at(entries, "secrets") == "inherit"
    return CallJob(
        id=job_id,
        uses=text_at(entries, "uses") or "",
        name=entries.get("name"),
        needs=texts_of(entries.get("needs")) or (),
        if_=condition,
        strategy=strategy,
        with_=entries.get("with"),
        secrets=None if inherits else entries.get("secrets"),
        inherits_secrets=inherits,
        concurrency=concurrency,
        permissions=entries.get("permissions"),
        position=entries["uses"].position,
    )


def make_defaults(template: Template | None) -> RunDefaults:
    """Return the defaults of `run` steps."""
    entries = entries_of(entries_of(template).get("run"))
    return RunDefaults(shell=entries.get("shell"), working_directory=entries.get("working-directory"))


def make_concurrency(template: Template | None, problems: Problems) -> Concurrency | None:
    """Return a concurrency group; a text alone is its name."""
    if template is None:
        return None
    entries = entries_of(template) if isinstance(template, TemplateMapping) else {"group": template}
    group = entries["group"]
    if isinstance(group, Literal):
        name = text_of(group.value)
        if not name:
            problems.add("Concurrency group name cannot be empty", template.position)
        elif len(name) >= GROUP_LENGTH_MAX:
            problems.add(f"Concurrency group name must be less than {GROUP_LENGTH_MAX} characters", template.position)
    return Concurrency(group=group, cancel_in_progress=entries.get("cancel-in-progress"), queue=entries.get("queue"))


def _strategy(template: Template | None, problems: Problems) -> Strategy | None:
    if template is None:
        return None
    entries = entries_of(template)
    _check_matrix(entries.get("matrix"), problems)
    return Strategy(
        matrix=entries.get("matrix"),
        fail_fast=entries.get("fail-fast"),
        max_parallel=entries.get("max-parallel"),
        position=template.position,
    )


def _check_matrix(matrix: Template | None, problems: Problems) -> None:
    """Check what can be known of a matrix before its expressions are evaluated."""
    if not isinstance(matrix, TemplateMapping):
        return
    entries = entries_of(matrix)
    for name, vector in entries.items():
        if name not in _FILTERS and isinstance(vector, TemplateSequence) and not vector.items:
            problems.add(f"Matrix vector '{name}' does not contain any values", vector.position)
    includes = entries.get("include")
    has_include = includes is not None and (not is_literal(includes) or bool(items_of(includes)))
    has_vector = any(name not in _FILTERS for name in entries) or len(entries) < len(matrix.entries)
    if not has_vector and not has_include:
        problems.add("Matrix must define at least one vector", matrix.position)


def _check_containers(entries: Mapping[str, Template], problems: Problems) -> None:
    if (container := entries.get("container")) is not None:
        _check_image(container, problems)
    for service in entries_of(entries.get("services")).values():
        _check_image(service, problems)


def _check_image(container: Template, problems: Problems) -> None:
    image = entries_of(container).get("image") if isinstance(container, TemplateMapping) else container
    if image is None or (isinstance(image, Literal) and not text_of(image.value)):
        problems.add("Container image cannot be empty", container.position)
