"""The actions that the steps of a job use, with those that composite actions use themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ninefold.systems.workflows.errors import InvalidFileError
from ninefold.systems.workflows.execution.action_store import ActionStore, find_action_file
from ninefold.systems.workflows.execution.built_in.catalogue import POSTS, is_built_in
from ninefold.systems.workflows.execution.errors import ActionError
from ninefold.systems.workflows.execution.references import LocalAction, Reference, parse_reference
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepsScope
from ninefold.systems.workflows.model.action import Action, Composite, ContainerAction, JavaScript, Plugin
from ninefold.systems.workflows.model.workflow import Step, UsesStep
from ninefold.systems.workflows.reading import read_action

DEPTH_MAX: Final = 9
"""Composite actions within each other."""

Stage: TypeAlias = Literal["pre", "main", "post"]
"""The parts of an action: before all steps of the job, as its step, and after all steps."""


@dataclass(kw_only=True)
class ActionUse:
    """The use of an action by one step. It lives as long as the job, since `post` comes at its end."""

    reference: Reference
    depth: int
    folder: Path = field(default_factory=Path)
    action: Action | None = None
    """None until it is loaded, which for a local action is when its step begins."""
    children: dict[int, "ActionUse"] = field(default_factory=dict)
    """By the index of the step in a composite action."""
    scope: StepsScope = field(default_factory=StepsScope)
    """The context `steps` in a composite action."""
    saved: dict[str, str] = field(default_factory=dict)
    """What `pre`, `main` and `post` tell each other."""
    has_begun: bool = False
    """Whether `pre` or `main` was run; otherwise `post` isn't."""

    def has(self, stage: Stage) -> bool:
        """Return whether the action has something to run in a stage. A local action has no `pre`."""
        if stage == "pre" and isinstance(self.reference, LocalAction):
            return False
        runs = self.action.runs if self.action else None
        if isinstance(runs, JavaScript):
            return stage == "main" or bool(runs.pre if stage == "pre" else runs.post)
        if isinstance(runs, Plugin):
            return stage == "main" or (stage == "post" and runs.name in POSTS)
        return stage == "main" or any(child.has(stage) for child in self.children.values())

    def condition(self, stage: Stage) -> str:
        """Return the condition of `pre` or `post`."""
        runs = self.action.runs if self.action else None
        if isinstance(runs, JavaScript):
            return runs.pre_if if stage == "pre" else runs.post_if
        if isinstance(runs, Plugin) and stage == "post":
            return POSTS[runs.name]
        return "always()"


async def prepare_actions(
    steps: Sequence[Step], store: ActionStore, log: StepLog, *, depth: int = 0
) -> dict[int, ActionUse]:
    """Load the actions that steps use, and return them by the index of their step. Local ones are loaded later.

    Raises:
        ActionError: an action doesn't exist, can't be read, runs in a container, or is nested too deeply.
    """
    uses = {}
    for index, step in enumerate(steps):
        if isinstance(step, UsesStep):
            use = ActionUse(reference=parse_reference(step.uses), depth=depth)
            if not isinstance(use.reference, LocalAction):
                await load(use, store, log)
            uses[index] = use
    return uses


async def load(use: ActionUse, store: ActionStore, log: StepLog) -> Action:
    """Load an action, and those that it uses.

    Raises:
        ActionError: as `prepare_actions`.
    """
    if use.depth > DEPTH_MAX:
        raise ActionError(f"Composite action depth exceeded max depth {DEPTH_MAX}")
    use.folder = await store.get(use.reference, log)
    use.action = _read(find_action_file(use.folder, use.reference), use.reference)
    if isinstance(use.action.runs, ContainerAction):
        raise ActionError(f"The action '{use.reference}' runs in a container, and this runner has no containers")
    if isinstance(use.action.runs, Composite):
        use.children = await prepare_actions(use.action.runs.steps, store, log, depth=use.depth + 1)
    return use.action


def _read(file: Path, reference: Reference) -> Action:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return read_action(text, file=f"{reference}/{file.name}", is_built_in=is_built_in(file))
    except (InvalidFileError, UnicodeDecodeError, OSError) as error:
        raise ActionError(f"Fail to load {reference}/{file.name}: {error}") from error
