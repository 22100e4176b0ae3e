"""Plans one run: which jobs start, wait or end, as others end. Pure: the same calls give the same decisions.

The code that runs the jobs keeps the outcomes in order, and rebuilds the planner from them after a restart.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.expressions import (
    Conclusion,
    Object,
    Scope,
    Status,
    Value,
    evaluate_template,
    is_met,
    text_of,
)
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import CallJob, Job, Workflow
from ninefold.systems.workflows.planning import job_values
from ninefold.systems.workflows.planning.decisions import (
    Cancel,
    Decision,
    End,
    EnterGroup,
    Expand,
    LeaveGroup,
    PlannedJob,
    SecretsStep,
    Start,
    Wait,
)
from ninefold.systems.workflows.planning.groups import Group, Instance, Member
from ninefold.systems.workflows.planning.inputs import call_inputs
from ninefold.systems.workflows.planning.matrix import JOBS_MAX, Combination
from ninefold.systems.workflows.planning.names import job_name
from ninefold.systems.workflows.planning.outcomes import JobConclusion, Outcome, result_of, status_of
from ninefold.systems.workflows.reading.calls import resolve_reference

_CANCELLED: Final = "The run was canceled."


class RunContexts(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same for all jobs of a run."""

    github: Object
    vars: Object = Object()
    inputs: Object = Object()
    """Of the first workflow."""


class Planner:
    """The jobs of one run.

    Args:
        workflow: the workflow that the run is of.
        calls: the workflows that it calls, by their references (`reading.read_calls`).
        contexts: the contexts of the run.
        reused: the outcomes of jobs that aren't run again, by their keys.
        jobs_max: jobs of a matrix.
    """

    def __init__(
        self,
        workflow: Workflow,
        *,
        contexts: RunContexts,
        calls: Mapping[str, Workflow] = {},
        reused: Mapping[str, Outcome] = {},
        jobs_max: int = JOBS_MAX,
    ) -> None:
        self._calls = calls
        self._contexts = contexts
        self._reused = reused
        self._jobs_max = jobs_max
        self._members: dict[str, Member] = {}
        self._decisions: list[Decision] = []
        self._root = Instance(workflow, reference=f"./{workflow.file}", inputs=contexts.inputs)

    def begin(self) -> Sequence[Decision]:
        """Return the first decisions."""
        self._decisions.append(Expand(key=None, jobs=self._root.known_jobs()))
        self._advance(self._root)
        return self._taken()

    def finish(self, key: str, outcome: Outcome) -> Sequence[Decision]:
        """Return what happens after a job has ended; a job that has already ended changes nothing.

        Raises:
            KeyError: no job with this key has started.
        """
        member = self._members[key]
        if member.conclusion is None:
            self._end_member(member, outcome)
        return self._taken()

    def entered(self, key: str) -> Sequence[Decision]:
        """Return what happens when a job that calls a workflow is in its concurrency group.

        Raises:
            KeyError: no job with this key has started.
        """
        member = self._members[key]
        if member.conclusion is None and member.called is None and isinstance(member.group.job, CallJob):
            try:
                self._call(member, member.group.job)
            except InvalidInputError as error:
                self._end_unstarted(member, "failure", str(error))
        return self._taken()

    def cancel_job(self, key: str, why: str) -> Sequence[Decision]:
        """Return what happens when one job is cancelled, and what it calls.

        Raises:
            KeyError: no job with this key has started.
        """
        member = self._members[key]
        if member.conclusion is None:
            self._cancel_member(member, why)
        return self._taken()

    def cancel(self) -> Sequence[Decision]:
        """Return what happens when the run is cancelled: jobs with `always()` still run."""
        self._cancel_instance(self._root)
        self._advance(self._root)
        return self._taken()

    @property
    def conclusion(self) -> Conclusion | None:
        """How the run ended, or None if it hasn't."""
        if not self._root.is_done:
            return None
        return "cancelled" if self._root.is_cancelled else self._root.conclusion

    def _taken(self) -> Sequence[Decision]:
        taken, self._decisions = self._decisions, []
        return taken

    # --- groups: one for each job of a workflow

    def _advance(self, instance: Instance) -> None:
        """Open the groups whose needs are done, until there are none; then end the instance if all are done."""
        if instance.is_advancing:
            return
        instance.is_advancing = True
        while (group := instance.take_ready()) is not None:
            self._open(group)
        instance.is_advancing = False
        if instance.is_done and instance.caller is not None and instance.caller.conclusion is None:
            self._end_member(instance.caller, self._outcome_of(instance))

    def _open(self, group: Group) -> None:
        group.is_open = True
        scope = self._scope(group)
        try:
            if not is_met(group.job.if_, scope):
                self._end_group(group, *_not_met(group))
                return
            group.jobs = job_values.expand_jobs(group.job.strategy, scope, jobs_max=self._jobs_max)
        except InvalidInputError as error:
            self._end_group(group, "failure", str(error))
            return
        for index, combination in enumerate(group.jobs.combinations):
            self._add_member(group, index, combination)
        if group.members[0].key != group.key:
            self._decisions.append(Expand(key=group.key, jobs=tuple(map(group.known_job, group.members))))
        self._release(group)
        for member in group.waiting:
            why = f"{group.parallel_max} jobs of the matrix may run at once."
            self._decisions.append(Wait(key=member.key, name=member.name, why=why))

    def _end_group(self, group: Group, conclusion: JobConclusion, why: str) -> None:
        """End a job that has no members."""
        group.ended_as = result_of(conclusion)
        group.instance.mark_done(group)
        self._decisions.append(End(key=group.key, name=group.written_name, conclusion=conclusion, why=why))

    def _release(self, group: Group) -> None:
        """Start as many jobs of a matrix as may run at once."""
        if group.is_releasing:
            return
        group.is_releasing = True
        while group.waiting and group.running < group.parallel_max:
            member = group.waiting.popleft()
            member.is_started = True
            group.running += 1
            self._start(member)
        group.is_releasing = False

    def _drop_waiting(self, group: Group, why: str) -> None:
        """End the jobs of a matrix that wait for others of it."""
        dropped = list(group.waiting)
        group.waiting.clear()
        for member in dropped:
            self._end_unstarted(member, "cancelled", why)

    # --- members: the jobs of a group

    def _add_member(self, group: Group, index: int, combination: Combination | None) -> None:
        key = group.key if combination is None else f"{group.key}.{index}"
        member = Member(group, key=key, index=index, combination=combination)
        group.add(member)
        self._members[key] = member
        scope = self._scope(group, member)
        try:
            names = () if combination is None else combination.names
            name = job_name(group.job.name, group.job.id, matrix_names=names, scope=scope)
            member.name = group.instance.name_prefix + name
            member.continues_on_error = job_values.continues_on_error(group.job, scope)
        except InvalidInputError as error:
            member.fault = str(error)

    def _start(self, member: Member) -> None:
        if (outcome := self._reused.get(member.key)) is not None:
            self._end_member(member, outcome)
            return
        try:
            self._begin(member)
        except InvalidInputError as error:
            self._end_unstarted(member, "failure", str(error))

    def _begin(self, member: Member) -> None:
        """Start a job, or the workflow that it calls; raise an `InvalidInputError` if it can't be planned."""
        job = member.group.job
        if member.fault is not None:
            raise InvalidInputError(member.fault)
        if not isinstance(job, CallJob):
            self._decisions.append(Start(job=self._planned(member, job)))
            return
        concurrency = job_values.evaluate_concurrency(job.concurrency, self._scope(member.group, member))
        if concurrency is None:
            self._call(member, job)
        else:
            member.is_in_group = True
            self._decisions.append(EnterGroup(key=member.key, name=member.name, concurrency=concurrency))

    def _planned(self, member: Member, job: Job) -> PlannedJob:
        group, workflow = member.group, member.group.instance.workflow
        scope = self._scope(group, member)
        target = job_values.evaluate_target(job, scope)
        return PlannedJob(
            key=member.key,
            name=member.name,
            job=job,
            labels=target.labels,
            group=target.group,
            matrix=None if member.combination is None else job_values.plain(member.combination.values),
            strategy=job_values.plain(group.strategy(member.index)),
            needs=job_values.plain(group.needs_context()),
            inputs=job_values.plain(group.instance.inputs),
            env=tuple(each for each in (workflow.env, job.env) if each is not None),
            defaults=job_values.merged_defaults(workflow.defaults, job.defaults),
            timeout_minutes=job_values.evaluate_timeout(job, scope),
            continue_on_error=member.continues_on_error,
            concurrency=job_values.evaluate_concurrency(job.concurrency, scope),
            secrets=group.instance.secrets,
            workflow_file=workflow.file,
            workflow_name=workflow.name,
        )

    def _call(self, member: Member, job: CallJob) -> None:
        instance = member.group.instance
        reference = resolve_reference(job.uses, caller=instance.reference)
        called = self._calls.get(reference)
        if called is None or called.triggers.call is None:
            raise InvalidInputError(f"There is no workflow {reference} that can be called.")
        scope = self._scope(member.group, member)
        given = _evaluated(job.with_, scope)
        secrets = SecretsStep(
            inherits=job.inherits_secrets, template=job.secrets, contexts=job_values.plain(scope.contexts)
        )
        member.called = Instance(
            called,
            reference=reference,
            inputs=call_inputs(called.triggers.call.inputs, given, self._outer_scope(instance)),
            secrets=(*instance.secrets, secrets),
            key_prefix=f"{member.key}/",
            name_prefix=f"{member.name} / ",
            caller=member,
            is_cancelled=instance.is_cancelled,
        )
        self._decisions.append(Expand(key=member.key, jobs=member.called.known_jobs()))
        self._advance(member.called)

    def _end_unstarted(self, member: Member, conclusion: JobConclusion, why: str) -> None:
        self._decisions.append(End(key=member.key, name=member.name, conclusion=conclusion, why=why))
        self._end_member(member, Outcome(conclusion=conclusion))

    def _end_member(self, member: Member, outcome: Outcome) -> None:
        group = member.group
        member.conclusion = result_of(outcome.conclusion)
        group.running -= member.is_started
        group.unfinished -= 1
        if member.is_in_group:
            self._decisions.append(LeaveGroup(key=member.key))
        group.outputs.update({name: value for name, value in outcome.outputs.items() if value})
        if member.conclusion == "failure" and not member.continues_on_error and group.fails_fast:
            self._fail_fast(group)
        self._release(group)
        if group.is_done:
            group.instance.mark_done(group)
            self._advance(group.instance)

    def _fail_fast(self, group: Group) -> None:
        why = "Another job of the matrix failed."
        self._drop_waiting(group, why)
        for member in group.members:
            if member.conclusion is None:
                self._cancel_member(member, why)

    # --- cancelling

    def _cancel_instance(self, instance: Instance) -> None:
        instance.is_cancelled = True
        for group in instance.groups.values():
            if not group.is_open or group.is_done or self._goes_on(group):
                continue
            self._drop_waiting(group, _CANCELLED)
            for member in group.members:
                if member.conclusion is None:
                    self._cancel_member(member, _CANCELLED)

    def _cancel_member(self, member: Member, why: str) -> None:
        if member.called is not None:
            self._cancel_instance(member.called)
            self._advance(member.called)
        elif not member.is_cancelling:
            member.is_cancelling = True
            self._decisions.append(Cancel(key=member.key, why=why))

    def _goes_on(self, group: Group) -> bool:
        """Return whether a job's condition is met even though the run was cancelled."""
        try:
            return is_met(group.job.if_, self._scope(group))
        except InvalidInputError:
            return False

    # --- what expressions see

    def _scope(self, group: Group, member: Member | None = None) -> Scope:
        instance = group.instance
        contexts: list[tuple[str, Value]] = [*self._outer_contexts(instance), ("needs", group.needs_context())]
        if member is not None:
            contexts.append(("strategy", group.strategy(member.index)))
            contexts.append(("matrix", None if member.combination is None else member.combination.values))
        conclusion = "cancelled" if instance.is_cancelled else status_of(group.before())
        status = Status(conclusion=conclusion, jobs={name: each.result for name, each in group.needs.items()})
        return Scope(contexts=Object(contexts), status=status)

    def _outer_scope(self, instance: Instance) -> Scope:
        return Scope(contexts=Object(self._outer_contexts(instance)))

    def _outer_contexts(self, instance: Instance) -> Iterator[tuple[str, Object]]:
        yield "github", self._contexts.github
        yield "vars", self._contexts.vars
        yield "inputs", instance.inputs

    def _outcome_of(self, instance: Instance) -> Outcome:
        """Return how a called workflow ended, with its outputs; those that can't be evaluated are missing."""
        call = instance.workflow.triggers.call
        contexts = Object([*self._outer_contexts(instance), ("jobs", instance.jobs_context())])
        outputs = {}
        for name, output in (call.outputs if call is not None else {}).items():
            try:
                outputs[name] = text_of(evaluate_template(output.value, Scope(contexts=contexts)))
            except InvalidInputError:
                continue
        return Outcome(conclusion=instance.conclusion, outputs=outputs)


def _not_met(group: Group) -> tuple[JobConclusion, str]:
    if group.instance.is_cancelled:
        return "cancelled", _CANCELLED
    status = status_of(group.before())
    if group.job.if_ is None and status != "success":
        return "skipped", f"A job that it needs, directly or not, ended as {status}."
    return "skipped", "Its condition is not met."


def _evaluated(template: Template | None, scope: Scope) -> Object:
    value = None if template is None else evaluate_template(template, scope)
    return value if isinstance(value, Object) else Object()
