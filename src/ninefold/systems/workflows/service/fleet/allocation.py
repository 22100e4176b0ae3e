"""Decides which queued jobs free runners get: weighted deficit round robin between organisations, without I/O.

Each organisation that has jobs is in a round. The one of the lowest round that joined it first starts up to `weight`
jobs, and then joins the next round. Within an organisation, higher priority comes first, then age. An organisation that
can't use its turn, because its jobs need other runners, is passed over; what it could have started in earlier rounds is
lost, as in a deficit round robin without debts, so that it can't make others wait later.

It does no work ahead: a free runner never waits while a job that it can run is among the given ones.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from ninefold.systems.workflows.model.fleet import FreeRunner, Lane, OrganisationQueue, QueuedJob


class Assigned(msgspec.Struct, frozen=True):
    """A job, and the runner that gets it."""

    organisation_id: UUID
    job_id: UUID
    runner_id: UUID


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Where an organisation stands in the round robin."""

    organisation_id: UUID
    round: int
    joined_at: datetime
    deficit: int


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided."""

    assigned: Sequence[Assigned]
    turns: Sequence[Turn]
    """Of the organisations whose place has changed."""


def allocate(queues: Sequence[OrganisationQueue], runners: Sequence[FreeRunner], *, at: datetime) -> Allocation:
    """Give jobs to runners until no runner can take another one.

    Args:
        queues: organisations with their first jobs, in any order.
        runners: those that ask for jobs.
        at: when organisations join their next round.
    """
    return _Allocator(queues, runners, at).run()


class _Queue:
    """An organisation while jobs are given out."""

    def __init__(self, queue: OrganisationQueue, place: int) -> None:
        self.organisation_id: Final = queue.organisation_id
        self.weight: Final = queue.weight
        self.round = queue.round
        self.joined_at = queue.joined_at
        self.deficit = queue.deficit
        self.room = queue.room
        self.lanes: Final = [_Lane(lane) for lane in queue.lanes]
        self.place = place
        """Breaks ties of organisations that have joined a round at the same moment."""
        self.has_changed = False

    @property
    def order(self) -> tuple[int, datetime, int]:
        return (self.round, self.joined_at, self.place)


class _Lane:
    def __init__(self, lane: Lane) -> None:
        self.lane: Final = lane
        self._next = 0

    @property
    def first(self) -> QueuedJob | None:
        return self.lane.jobs[self._next] if self._next < len(self.lane.jobs) else None

    def take(self) -> None:
        self._next += 1


class _Allocator:
    def __init__(self, queues: Sequence[OrganisationQueue], runners: Sequence[FreeRunner], at: datetime) -> None:
        ordered = sorted(queues, key=lambda queue: (queue.round, queue.joined_at, queue.organisation_id))
        self._queues: Final = [_Queue(queue, place) for place, queue in enumerate(ordered)]
        # Those with the fewest labels first, so that runners that can do more stay free for what needs them; and those
        # of one organisation before those of all.
        self._runners: Final = sorted(runners, key=lambda each: (each.organisation_id is None, len(each.labels)))
        self._slots: Final = {runner.runner_id: runner.slots for runner in runners}
        self._at: Final = at
        self._last_place = len(self._queues)
        self._assigned: Final[list[Assigned]] = []

    def run(self) -> Allocation:
        waiting = self._queues
        while waiting and any(self._slots.values()):
            waiting.sort(key=lambda queue: queue.order)
            # What one organisation can't take now, it can't take later either: slots and room only shrink.
            served = next((place for place, queue in enumerate(waiting) if self._serve(queue)), None)
            if served is None:
                break
            for passed_over in waiting[:served]:
                self._catch_up(passed_over, waiting[served])
            self._spend(waiting[served])
        return Allocation(
            assigned=self._assigned,
            turns=[
                Turn(
                    organisation_id=queue.organisation_id,
                    round=queue.round,
                    joined_at=queue.joined_at,
                    deficit=queue.deficit,
                )
                for queue in self._queues
                if queue.has_changed
            ],
        )

    def _serve(self, queue: _Queue) -> bool:
        """Give an organisation's next job to a runner; return whether there was one that any runner can run."""
        if queue.room <= 0:
            return False
        for job, lane in sorted(self._firsts(queue), key=lambda pair: pair[0].order):
            runner = self._find_runner(lane.lane, queue.organisation_id)
            if runner is not None:
                lane.take()
                self._slots[runner.runner_id] -= 1
                self._assigned.append(Assigned(queue.organisation_id, job.job_id, runner.runner_id))
                return True
        return False

    def _firsts(self, queue: _Queue) -> list[tuple[QueuedJob, _Lane]]:
        return [(lane.first, lane) for lane in queue.lanes if lane.first is not None]

    def _find_runner(self, lane: Lane, organisation_id: UUID) -> FreeRunner | None:
        for runner in self._runners:
            if self._slots[runner.runner_id] > 0 and runner.can_run(lane, organisation_id=organisation_id):
                return runner
        return None

    def _spend(self, queue: _Queue) -> None:
        queue.room -= 1
        queue.deficit -= 1
        queue.has_changed = True
        if queue.deficit <= 0:
            queue.round += 1
            queue.deficit = queue.weight
            self._join(queue)

    def _catch_up(self, queue: _Queue, served: _Queue) -> None:
        if queue.round < served.round:
            queue.round = served.round
            queue.deficit = queue.weight
            queue.has_changed = True

    def _join(self, queue: _Queue) -> None:
        queue.joined_at = self._at
        queue.place = self._last_place
        self._last_place += 1
