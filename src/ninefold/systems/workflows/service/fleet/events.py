"""What a running job says, as entries of its run's log."""

from collections.abc import Sequence
from typing import Any

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.execution.report import StepInfo
from ninefold.systems.workflows.model.runs import RunEvent, RunJob
from ninefold.systems.workflows.service.fleet.protocol import (
    STEPS_MAX,
    AnnotationMade,
    JobMessage,
    StepEnded,
    StepStarted,
    Summarised,
)

MESSAGE_LENGTH_MAX = 4_096
"""Characters of an annotation's texts, as GitHub keeps them."""

SUMMARY_LENGTH_MAX = 1_048_576


def run_events(job: RunJob, messages: Sequence[JobMessage]) -> list[RunEvent]:
    """Return the entries for what a job says.

    Raises:
        InvalidInputError: a step has a number that no step has.
    """
    return [_event(job, message) for message in messages]


def _event(job: RunJob, message: JobMessage) -> RunEvent:
    match message:
        case StepStarted(step=step, at=at):
            return RunEvent(type="step_started", job_id=job.job_id, data={**_step(job, step), "started_at": at})
        case StepEnded(result=result):
            ended = {
                "outcome": result.outcome,
                "conclusion": result.conclusion,
                "started_at": result.started_at,
                "ended_at": result.ended_at,
            }
            return RunEvent(type="step_ended", job_id=job.job_id, data={**_step(job, result.step), **ended})
        case AnnotationMade(annotation=annotation):
            fields = msgspec.structs.asdict(annotation)
            texts = {name: _short(value) for name, value in fields.items() if name != "step" and value is not None}
            data = {**texts, "job": job.key, "step": _number(annotation.step)}
            return RunEvent(type="annotation", job_id=job.job_id, data=data)
        case Summarised(step=step, markdown=markdown):
            data = {"step": _number(step), "name": _short(step.name), "markdown": _clean(markdown)[:SUMMARY_LENGTH_MAX]}
            return RunEvent(type="summary", job_id=job.job_id, data={**data, "key": job.key})


def _number(step: StepInfo) -> int:
    if not 1 <= step.number <= STEPS_MAX:
        raise InvalidInputError("There is no such step.", field="messages", remedy=f"Number steps to {STEPS_MAX:,}.")
    return step.number


def _step(job: RunJob, step: StepInfo) -> dict[str, Any]:
    return {"key": job.key, "step": _number(step), "id": _short(step.id), "name": _short(step.name)}


# Any: a field of an annotation is a text or a number.
def _short(value: Any) -> Any:
    return _clean(value)[:MESSAGE_LENGTH_MAX] if isinstance(value, str) else value


def _clean(text: str) -> str:
    # PostgreSQL can't store NUL, and a runner could send it.
    return text.replace("\0", "\ufffd")
