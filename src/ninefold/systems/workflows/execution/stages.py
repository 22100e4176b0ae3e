"""Runs the stages of actions, and the steps of composite actions."""

from collections.abc import Mapping
from dataclasses import dataclass

from ninefold.systems.workflows.execution.actions import ActionUse, Stage, load
from ninefold.systems.workflows.execution.file_commands import FileCommands
from ninefold.systems.workflows.execution.inputs import evaluate_inputs
from ninefold.systems.workflows.execution.javascript import run_javascript
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.plugins import run_plugin
from ninefold.systems.workflows.execution.references import LocalAction, RemoteAction
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.execution.scripts import run_script, write_variables
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_names import step_name
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.execution.steps import StepEnd, run_step
from ninefold.systems.workflows.model.action import Action, Composite, JavaScript, Plugin
from ninefold.systems.workflows.model.values import Object
from ninefold.systems.workflows.model.workflow import RunStep, Step, UsesStep


async def run_stage(
    parts: JobParts, step: Step, use: ActionUse | None, stage: Stage, *, state: StepState, log: StepLog, name: str
) -> StepEnd:
    """Run a step of a job or of a composite action, or the `pre` or `post` of the action that it uses.

    Args:
        parts: the job.
        step: the step.
        use: the action that it uses; None for a script.
        stage: what of the action is run.
        state: the step's own state.
        log: takes what it says.
        name: for messages.
    """

    async def perform() -> StepConclusion:
        if isinstance(step, RunStep):
            return await run_script(parts, step, state, log)
        assert use is not None
        return await _run_action(parts, step, use, stage, state=state, log=log)

    condition = step.if_ if stage == "main" or use is None else use.condition(stage)
    return await run_step(parts, step, state, log, condition=condition, name=name, perform=perform)


async def _run_action(
    parts: JobParts, step: UsesStep, use: ActionUse, stage: Stage, *, state: StepState, log: StepLog
) -> StepConclusion:
    action = use.action or await load(use, parts.store, log)
    use.has_begun = True
    state.saved = use.saved
    remote = use.reference if isinstance(use.reference, RemoteAction) else None
    state.github["action_repository"] = remote.name if remote else ""
    state.github["action_ref"] = remote.ref if remote else ""
    files = FileCommands(parts.order.folders.temp)
    state.github.update({key: str(path) for key, path in files.paths.items()})
    try:
        inputs = evaluate_inputs(parts, step, action, state, log if stage == "main" else None)
        _write_header(use, stage, inputs, state, log)
        if isinstance(action.runs, JavaScript):
            return await run_javascript(
                parts, use=use, runs=action.runs, stage=stage, inputs=inputs, state=state, log=log
            )
        if isinstance(action.runs, Plugin):
            return await run_plugin(parts, name=action.runs.name, stage=stage, inputs=inputs, state=state, log=log)
        assert isinstance(action.runs, Composite)
        return await _CompositeRun(parts, use, action, action.runs, stage, inputs, state, log).run()
    finally:
        files.process(state, log)


@dataclass
class _CompositeRun:
    """One stage of a composite action."""

    parts: JobParts
    use: ActionUse
    action: Action
    runs: Composite
    stage: Stage
    inputs: Mapping[str, str]
    state: StepState
    log: StepLog
    result: StepConclusion = "success"

    async def run(self) -> StepConclusion:
        """Run the steps that have this stage; those of `post` in reverse order."""
        steps = list(enumerate(self.runs.steps))
        for index, step in reversed(steps) if self.stage == "post" else steps:
            child = self.use.children.get(index)
            if self._has_stage(child):
                await self._run_step(step, child)
        if self.stage == "main":
            self._set_outputs()
        return self.result

    def _has_stage(self, child: ActionUse | None) -> bool:
        if child is None:
            return self.stage == "main"
        return child.has(self.stage) and (self.stage != "post" or child.has_begun)

    async def _run_step(self, step: Step, child: ActionUse | None) -> None:
        state = self._inner_state(step)
        name = step_name(self.parts, step, state)
        end = await run_stage(self.parts, step, child, self.stage, state=state, log=self.log, name=name)
        if end.conclusion in ("failure", "cancelled") and self.result != "cancelled":
            self.result = end.conclusion

    def _inner_state(self, step: Step) -> StepState:
        return StepState(
            job=self.state.job,
            id=step.id,
            scope=self.use.scope,
            overrides=dict(self.state.overrides),
            github={"action": step.id, "action_path": str(self.use.folder), "action_status": self.result},
            inputs=Object(self.inputs),
            parent_conclusion=self.result if self.stage == "main" else None,
            is_embedded=True,
            deadline=self.state.deadline,
        )

    def _set_outputs(self) -> None:
        inner = StepState(
            job=self.state.job,
            id=self.state.id,
            scope=self.use.scope,
            inputs=Object(self.inputs),
            github=dict(self.state.github),
        )
        for name, output in self.action.outputs.items():
            if output.value is not None:
                self.state.set_output(name, self.parts.contexts.text(output.value, inner) or "")


def _write_header(use: ActionUse, stage: Stage, inputs: Mapping[str, str], state: StepState, log: StepLog) -> None:
    if stage == "post":
        log.write("Post job cleanup.")
        return
    shown = use.reference.path if isinstance(use.reference, LocalAction) else str(use.reference)
    log.write(f"##[group]Run {shown}")
    given = {name: value for name, value in inputs.items() if value}
    if given:
        log.write("with:")
    for name, value in given.items():
        log.write(f"  {name}: {value}")
    write_variables(state, log)
    log.write("##[endgroup]")
