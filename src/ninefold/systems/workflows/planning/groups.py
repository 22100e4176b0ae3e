"""The state of a plan: workflows that run, their jobs, and the members of each job's matrix."""

from collections import deque

from ninefold.systems.workflows.expressions import Conclusion, Object
from ninefold.systems.workflows.model.values import fold
from ninefold.systems.workflows.model.workflow import AnyJob, Workflow
from ninefold.systems.workflows.planning.decisions import KnownJob, SecretsStep
from ninefold.systems.workflows.planning.job_values import JobSet
from ninefold.systems.workflows.planning.matrix import Combination
from ninefold.systems.workflows.planning.names import written_name
from ninefold.systems.workflows.planning.outcomes import combined, needs_entry


class Member:
    """One job of a group: the only one, or one of a matrix."""

    def __init__(self, group: "Group", *, key: str, index: int, combination: Combination | None) -> None:
        self.group = group
        self.key = key
        self.index = index
        self.combination = combination
        self.name = group.written_name
        self.fault: str | None = None
        """Why it can't be planned."""
        self.continues_on_error = False
        self.is_started = False
        self.is_cancelling = False
        self.conclusion: Conclusion | None = None
        self.called: Instance | None = None
        """The workflow that it calls."""
        self.is_in_group = False
        """Whether it has a concurrency group and calls a workflow: then it waits for the group, and is in it later."""

    @property
    def result(self) -> Conclusion | None:
        """What other jobs see: a failure that doesn't matter is a success."""
        return "success" if self.conclusion == "failure" and self.continues_on_error else self.conclusion


class Group:
    """A job of a workflow, with all its members."""

    def __init__(self, instance: "Instance", job: AnyJob) -> None:
        self.instance = instance
        self.job = job
        self.key = instance.key_prefix + job.id
        self.is_open = False
        """Whether its condition was evaluated."""
        self.jobs: JobSet | None = None
        self.members: list[Member] = []
        self.waiting: deque[Member] = deque()
        """Members that haven't started."""
        self.running = 0
        self.unfinished = 0
        self.is_releasing = False
        self.outputs: dict[str, str] = {}
        self.ended_as: Conclusion | None = None
        """How it ended, if it never had members."""
        self._before: frozenset[Conclusion] | None = None
        self.needs: dict[str, Group] = {}
        """The jobs that it needs directly, by the names that it has for them."""
        self.dependents: list[Group] = []
        self.is_noted = False
        """Whether its workflow knows that it is done."""
        self.unmet = 0
        """How many of the jobs that it needs aren't done."""

    @property
    def is_done(self) -> bool:
        """Whether all its members have ended."""
        return self.ended_as is not None or (bool(self.members) and self.unfinished == 0)

    def add(self, member: Member) -> None:
        """Add a member; all are added before one of them starts."""
        self.members.append(member)
        self.waiting.append(member)
        self.unfinished += 1

    @property
    def written_name(self) -> str:
        """Its name before it is planned."""
        return self.instance.name_prefix + written_name(self.job.name, self.job.id)

    @property
    def result(self) -> Conclusion:
        """How it ended."""
        return self.ended_as or combined(each.result for each in self.members if each.result is not None)

    @property
    def fails_fast(self) -> bool:
        """Whether the failure of a member cancels the others."""
        return self.jobs is not None and self.jobs.fails_fast

    @property
    def parallel_max(self) -> int:
        """How many members may run at once."""
        return self.jobs.parallel_max if self.jobs is not None else 1

    def strategy(self, index: int) -> Object:
        """Return the context `strategy` of a member."""
        return self.jobs.strategy(index) if self.jobs is not None else Object()

    def needs_context(self) -> Object:
        """Return the context `needs`."""
        return Object((each.job.id, needs_entry(each.result, each.outputs)) for each in self.needs.values())

    def need_keys(self) -> tuple[str, ...]:
        """Return the keys of the jobs that it needs; of a called workflow's first jobs, those of the call."""
        if self.needs or self.instance.caller is None:
            return tuple(dict.fromkeys(each.key for each in self.needs.values()))
        return self.instance.caller.group.need_keys()

    def known_job(self, member: Member | None = None) -> KnownJob:
        """Return the job, or a member of it, as people see it before it is planned."""
        return KnownJob(
            key=self.key if member is None else member.key,
            name=self.written_name if member is None else member.name,
            needs=self.need_keys(),
        )

    def before(self) -> frozenset[Conclusion]:
        """Return the results of all jobs that it needs, directly or not. All of them are done."""
        if self._before is None:
            self._before = frozenset(result for each in self.needs.values() for result in {each.result, *each.before()})
        return self._before


class Instance:
    """A workflow of a run: the first one, or one that is called, once for each call."""

    def __init__(
        self,
        workflow: Workflow,
        *,
        reference: str,
        inputs: Object,
        secrets: tuple[SecretsStep, ...] = (),
        key_prefix: str = "",
        name_prefix: str = "",
        caller: Member | None = None,
        is_cancelled: bool = False,
    ) -> None:
        self.workflow = workflow
        self.reference = reference
        self.inputs = inputs
        self.secrets = secrets
        self.key_prefix = key_prefix
        self.name_prefix = name_prefix
        self.caller = caller
        self.is_cancelled = is_cancelled
        self.is_advancing = False
        self.groups = {fold(job_id): Group(self, job) for job_id, job in workflow.jobs.items()}
        self._unfinished = len(self.groups)
        self._connect()
        self._ready = deque(group for group in self.groups.values() if group.unmet == 0)

    def _connect(self) -> None:
        for group in self.groups.values():
            group.needs = {name: self.groups[fold(name)] for name in group.job.needs}
            needed = {need.key: need for need in group.needs.values()}
            group.unmet = len(needed)
            for need in needed.values():
                need.dependents.append(group)

    def known_jobs(self) -> tuple[KnownJob, ...]:
        """Return its jobs, as they are known before any of them is planned."""
        return tuple(group.known_job() for group in self.groups.values())

    def take_ready(self) -> Group | None:
        """Return the next job that wasn't opened and whose needs are done, or None."""
        return self._ready.popleft() if self._ready else None

    def mark_done(self, group: Group) -> None:
        """Note that a job has ended, so that those that only waited for it are ready; once is enough."""
        if group.is_noted:
            return
        group.is_noted = True
        self._unfinished -= 1
        for dependent in group.dependents:
            dependent.unmet -= 1
            if dependent.unmet == 0:
                self._ready.append(dependent)

    @property
    def is_done(self) -> bool:
        """Whether all its jobs have ended."""
        return self._unfinished == 0

    @property
    def conclusion(self) -> Conclusion:
        """How it ended."""
        return combined(group.result for group in self.groups.values())

    def jobs_context(self) -> Object:
        """Return the context `jobs`, for the outputs of a called workflow."""
        return Object((group.job.id, needs_entry(group.result, group.outputs)) for group in self.groups.values())
