"""Checks the graph of jobs: that each job that is needed exists, and that no job needs itself."""

from collections.abc import Mapping, Sequence

from ninefold.systems.workflows.model.templates import Literal, Position, Template
from ninefold.systems.workflows.model.values import fold, text_of
from ninefold.systems.workflows.reading.problems import Problems


def check_needs(needs: Mapping[str, Sequence[Template]], position: Position, problems: Problems) -> None:
    """Add a problem for each need that can't be satisfied.

    Args:
        needs: what each job needs, by its id.
        position: of all jobs.
        problems: gets what is wrong.
    """
    waiting = {job_id: [need for need in each if isinstance(need, Literal)] for job_id, each in needs.items()}
    if not any(not each for each in waiting.values()):
        problems.add("The workflow must contain at least one job with no dependencies.", position)
        return
    names = {fold(job_id) for job_id in needs}
    for job_id, unsatisfied in _blocked(waiting).items():
        for need in unsatisfied:
            name = text_of(need.value)
            if fold(name) in names:
                message = f"Job '{job_id}' depends on job '{name}' which creates a cycle in the dependency graph."
                problems.add(message, need.position)
            else:
                problems.add(f"Job '{job_id}' depends on unknown job '{name}'.", need.position)


def _blocked(waiting: Mapping[str, list[Literal]]) -> dict[str, list[Literal]]:
    """Return the jobs that never start, with the needs that stay unsatisfied."""
    dependents: dict[str, list[str]] = {}
    for job_id, needs in waiting.items():
        for need in needs:
            dependents.setdefault(fold(text_of(need.value)), []).append(job_id)
    unsatisfied = {job_id: len(needs) for job_id, needs in waiting.items()}
    done = [job_id for job_id, count in unsatisfied.items() if count == 0]
    finished = set()
    while done:
        folded = fold(done.pop())
        finished.add(folded)
        for job_id in dependents.get(folded, ()):
            unsatisfied[job_id] -= 1
            if unsatisfied[job_id] == 0:
                done.append(job_id)
    blocked = {job_id: [need for need in needs if fold(text_of(need.value)) not in finished]
               for job_id, needs in waiting.items()}  # fmt: skip
    return {job_id: needs for job_id, needs in blocked.items() if needs}
