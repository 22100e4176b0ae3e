"""Plans runs: what an event starts, which jobs a run has, and when each starts. Pure: no database, no files.

`match_event` decides whether a workflow starts, `dispatch_inputs` types what a person gave. A `Planner` then decides
about the jobs of a run, one outcome after the other.
"""

from ninefold.systems.workflows.planning.decisions import (
    Cancel,
    Decision,
    End,
    EnterGroup,
    Expand,
    KnownJob,
    LeaveGroup,
    PlannedConcurrency,
    PlannedJob,
    SecretsStep,
    Start,
    Wait,
)
from ninefold.systems.workflows.planning.events import Event, Match, match_event
from ninefold.systems.workflows.planning.inputs import dispatch_inputs
from ninefold.systems.workflows.planning.matrix import Combination, expand_matrix
from ninefold.systems.workflows.planning.outcomes import JobConclusion, Outcome
from ninefold.systems.workflows.planning.planner import Planner, RunContexts
from ninefold.systems.workflows.planning.runs import run_concurrency, run_name
from ninefold.systems.workflows.planning.secrets import passed_secrets

__all__ = [
    "Cancel",
    "Combination",
    "Decision",
    "End",
    "EnterGroup",
    "Event",
    "Expand",
    "JobConclusion",
    "KnownJob",
    "LeaveGroup",
    "Match",
    "Outcome",
    "PlannedConcurrency",
    "PlannedJob",
    "Planner",
    "RunContexts",
    "SecretsStep",
    "Start",
    "Wait",
    "dispatch_inputs",
    "expand_matrix",
    "match_event",
    "passed_secrets",
    "run_concurrency",
    "run_name",
]
