"""What changes while a job runs: the state of the job, and that of each step."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ninefold.systems.workflows.execution.masking import Masker
from ninefold.systems.workflows.execution.matchers import MatcherConfig
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.model.values import Json, Value


@dataclass(kw_only=True)
class JobState:
    """What the steps of a job share."""

    masker: Masker
    env: dict[str, str] = field(default_factory=dict)
    """The context `env`: the variables of the workflow and the job, and those that steps have set."""
    paths: list[str] = field(default_factory=list)
    """Folders that steps have added; the last one is looked in first."""
    matchers: list[MatcherConfig] = field(default_factory=list)
    """The newest first."""
    conclusion: StepConclusion = "success"
    """Of the steps so far, or `cancelled`."""
    is_cancelled: bool = False
    """Whether only steps whose condition says so still run."""
    is_aborted: bool = False
    """Whether nothing more may run."""
    _watchers: list[Callable[[], None]] = field(default_factory=list)

    def cancel(self) -> None:
        """End the job: steps whose condition isn't true any more are stopped, and of the others only some begin."""
        self.is_cancelled = True
        self.conclusion = "cancelled"
        self._call_watchers()

    def abort(self) -> None:
        """Stop all steps, and let none begin."""
        self.is_aborted = True
        self._call_watchers()

    @contextmanager
    def watching(self, watcher: Callable[[], None]) -> Iterator[None]:
        """Call a function when the job is cancelled or aborted."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    def _call_watchers(self) -> None:
        for watcher in tuple(self._watchers):
            watcher()

    def set_variable(self, name: str, value: str) -> None:
        """Set a variable for the steps that follow."""
        self.env[name] = value

    def add_path(self, folder: str) -> None:
        """Look for programs in this folder first, from the next step on."""
        self.paths = [*[path for path in self.paths if path != folder], folder]

    def add_matchers(self, configs: Sequence[MatcherConfig]) -> None:
        """Use these problem matchers instead of those of the same owners."""
        self.remove_matchers([config.owner for config in configs])
        self.matchers = [*reversed(configs), *self.matchers]

    def remove_matchers(self, owners: Sequence[str]) -> None:
        """Stop to use the problem matchers of these owners."""
        lowered = {owner.lower() for owner in owners}
        self.matchers = [config for config in self.matchers if config.owner.lower() not in lowered]


@dataclass(kw_only=True)
class StepsScope:
    """The context `steps` of a job or of one composite action."""

    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    results: dict[str, tuple[StepConclusion, StepConclusion]] = field(default_factory=dict)
    """Outcome and conclusion."""

    def context(self) -> Json:
        """Return the context."""
        ids = {**self.outputs, **self.results}
        return {step_id: self._step(step_id) for step_id in ids}

    def _step(self, step_id: str) -> Json:
        step: dict[str, Json] = {"outputs": dict(self.outputs.get(step_id, {}))}
        if step_id in self.results:
            step["outcome"], step["conclusion"] = self.results[step_id]
        return step


@dataclass(kw_only=True)
class StepState:
    """What belongs to one step."""

    job: JobState
    id: str
    scope: StepsScope
    overrides: dict[str, str] = field(default_factory=dict)
    """The variables of the step itself, and of the composite actions around it."""
    github: dict[str, Json] = field(default_factory=dict)
    """What differs from the job's context `github`."""
    inputs: Value = None
    """The context `inputs`."""
    parent_conclusion: StepConclusion | None = None
    """That of the composite action around the step so far; None for steps of the job, and for `pre` and `post`."""
    is_embedded: bool = False
    """Whether it is a step of a composite action."""
    deadline: float | None = None
    """When the step must end, in the loop's time."""
    is_timed_out: bool = False
    saved: dict[str, str] = field(default_factory=dict)
    """What `pre`, `main` and `post` of an action tell each other."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to stop the process of the step."""
    has_failed_command: bool = False
    """Whether a command couldn't be carried out; then the step fails, whatever its process returns."""

    @property
    def env(self) -> dict[str, str]:
        """The context `env` as this step sees it."""
        return {**self.job.env, **self.overrides}

    @property
    def has_public_id(self) -> bool:
        """Whether the step's id was written in the workflow, so that expressions can refer to it."""
        return not self.id.startswith("__")

    def set_output(self, name: str, value: str) -> None:
        """Set an output of the step."""
        if self.has_public_id:
            self.scope.outputs.setdefault(self.id, {})[name] = value

    def set_result(self, outcome: StepConclusion, conclusion: StepConclusion) -> None:
        """Set how the step ended."""
        if self.has_public_id:
            self.scope.results[self.id] = (outcome, conclusion)
