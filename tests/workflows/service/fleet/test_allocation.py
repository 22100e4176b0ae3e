"""Which jobs free runners get: fair between organisations, and never idle."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.workflows.model.fleet import FreeRunner, Lane, OrganisationQueue, QueuedJob
from ninefold.systems.workflows.service.fleet.allocation import Allocation, allocate

AT = datetime(2026, 11, 27, tzinfo=UTC)
PLAIN = frozenset({"linux"})
SPECIAL = frozenset({"linux", "gpu"})


def job(number: int, *, priority: int = 0, age: int = 0) -> QueuedJob:
    return QueuedJob(UUID(int=number), priority, AT - timedelta(seconds=age))


def lane(*jobs: QueuedJob, labels: frozenset[str] = PLAIN, group: str = "") -> Lane:
    return Lane(labels=labels, runner_group=group, jobs=sorted(jobs, key=lambda each: each.order))


def queue(number: int, *lanes: Lane, weight: int = 1, room: int = 1_000, **place: int) -> OrganisationQueue:
    return OrganisationQueue(
        organisation_id=UUID(int=number),
        weight=weight,
        round=place.get("round_", 0),
        joined_at=AT,
        deficit=place.get("deficit", weight),
        room=room,
        lanes=lanes,
    )


def runner(number: int, *, slots: int = 1, labels: frozenset[str] = PLAIN, of: int | None = None) -> FreeRunner:
    return FreeRunner(
        runner_id=UUID(int=number),
        organisation_id=None if of is None else UUID(int=of),
        labels=labels,
        runner_group="",
        slots=slots,
    )


def jobs_of(allocation: Allocation) -> list[int]:
    return [each.job_id.int for each in allocation.assigned]


def test_organisations_take_turns_by_their_weights() -> None:
    many = [job(number) for number in range(100, 200)]
    others = [job(number) for number in range(200, 300)]

    found = allocate([queue(1, lane(*many), weight=3), queue(2, lane(*others))], [runner(1, slots=8)], at=AT)

    assert [each.organisation_id.int for each in found.assigned] == [1, 1, 1, 2, 1, 1, 1, 2]


def test_priority_comes_before_age_within_an_organisation() -> None:
    jobs = lane(job(1, age=9), job(2, age=5), job(3, priority=1))

    assert jobs_of(allocate([queue(1, jobs)], [runner(1, slots=3)], at=AT)) == [3, 1, 2]


def test_a_quota_bounds_an_organisation_and_leaves_the_rest_to_others() -> None:
    first, second = lane(*[job(each) for each in range(1, 9)]), lane(*[job(each) for each in range(11, 19)])

    found = allocate([queue(1, first, room=2), queue(2, second)], [runner(1, slots=6)], at=AT)

    assert Counter(each.organisation_id.int for each in found.assigned) == {1: 2, 2: 4}


def test_a_special_runner_is_kept_for_what_needs_it() -> None:
    queues = [queue(1, lane(job(1, age=9)), lane(job(2), labels=SPECIAL))]

    found = allocate(queues, [runner(1, labels=SPECIAL), runner(2)], at=AT)

    assert {each.job_id.int: each.runner_id.int for each in found.assigned} == {1: 2, 2: 1}


def test_a_runner_of_an_organisation_runs_only_its_jobs() -> None:
    queues = [queue(1, lane(job(1, age=9))), queue(2, lane(job(2)))]

    assert jobs_of(allocate(queues, [runner(1, slots=2, of=2)], at=AT)) == [2]


def test_a_job_with_a_group_runs_only_there() -> None:
    grouped = queue(1, lane(job(1), group="big"))
    member = msgspec.structs.replace(runner(2), runner_group="big")

    assert jobs_of(allocate([grouped], [runner(1)], at=AT)) == []
    assert jobs_of(allocate([grouped], [member], at=AT)) == [1]


def test_who_was_passed_over_for_many_rounds_does_not_take_them_all_later() -> None:
    """Its jobs needed another runner; now that one is there, the others still get their turns."""
    late = queue(1, lane(*[job(each) for each in range(1, 50)], labels=SPECIAL), round_=3)
    busy = queue(2, lane(*[job(each) for each in range(101, 150)]), round_=900)
    passed = allocate([late, busy], [runner(1)], at=AT)
    (turn,) = [each for each in passed.turns if each.organisation_id.int == 1]

    later = queue(1, *late.lanes, round_=turn.round, deficit=turn.deficit)
    found = allocate([later, busy], [runner(1, slots=6, labels=SPECIAL)], at=AT)

    assert Counter(each.organisation_id.int for each in found.assigned) == {1: 3, 2: 3}


labels_sets = st.sampled_from([PLAIN, SPECIAL, frozenset({"linux", "arm64"})])
runners_lists = st.lists(
    st.builds(
        runner, st.integers(1, 10**6), slots=st.integers(0, 4), labels=labels_sets, of=st.sampled_from([None, 1, 2])
    ),
    max_size=5,
    unique_by=lambda each: each.runner_id,
)


@st.composite
def queues_lists(draw: st.DrawFn) -> list[OrganisationQueue]:
    numbers = iter(range(1, 10_000))
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        lanes = [
            lane(
                *[job(next(numbers), priority=draw(st.integers(0, 2))) for _ in range(draw(st.integers(0, 5)))],
                labels=labels,
            )
            for labels in draw(st.lists(labels_sets, max_size=3, unique=True))
        ]
        weight = draw(st.integers(1, 5))
        made.append(
            queue(
                number,
                *lanes,
                weight=weight,
                room=draw(st.integers(0, 6)),
                round_=draw(st.integers(0, 3)),
                deficit=draw(st.integers(1, weight)),
            )
        )
    return made


@given(queues=queues_lists(), runners=runners_lists)
def test_no_runner_idles_while_a_job_that_it_can_run_waits(
    queues: Sequence[OrganisationQueue], runners: Sequence[FreeRunner]
) -> None:
    found = allocate(queues, runners, at=AT)

    taken = {each.job_id for each in found.assigned}
    used = Counter(each.runner_id for each in found.assigned)
    running = Counter(each.organisation_id for each in found.assigned)
    assert len(taken) == len(found.assigned)
    for each in runners:
        assert used[each.runner_id] <= each.slots
    for organisation in queues:
        assert running[organisation.organisation_id] <= organisation.room
        if running[organisation.organisation_id] == organisation.room:
            continue
        for waiting in organisation.lanes:
            if all(each.job_id in taken for each in waiting.jobs):
                continue
            for each in runners:
                assert used[each.runner_id] == each.slots or not each.can_run(
                    waiting, organisation_id=organisation.organisation_id
                )


@given(
    organisations=st.lists(st.tuples(st.integers(1, 5), st.integers(-1, 1)), min_size=2, max_size=5),
    batches=st.lists(st.integers(1, 7), min_size=1, max_size=30),
)
def test_nobody_starves_and_shares_follow_weights_whatever_the_priorities(
    organisations: list[tuple[int, int]], batches: list[int]
) -> None:
    """With jobs in all queues, whatever the sizes of claims are, nobody is more than a round away from its share."""
    weights = [weight for weight, _ in organisations]
    queues = {
        number: queue(
            number, lane(*[job(number * 10_000 + each, priority=priority) for each in range(8)]), weight=weight
        )
        for number, (weight, priority) in enumerate(organisations, start=1)
    }
    started: Counter[int] = Counter()
    for number, slots in enumerate(batches):
        found = allocate(list(queues.values()), [runner(1, slots=slots)], at=AT + timedelta(seconds=number))
        assert len(found.assigned) == slots
        started.update(each.organisation_id.int for each in found.assigned)
        for turn in found.turns:
            place = {"round": turn.round, "joined_at": turn.joined_at, "deficit": turn.deficit}
            queues[turn.organisation_id.int] = msgspec.structs.replace(queues[turn.organisation_id.int], **place)

    rounds = sum(batches) / sum(weights)
    for number, weight in enumerate(weights, start=1):
        assert abs(started[number] - rounds * weight) <= weight


priorities_lists = st.lists(st.lists(st.integers(-1, 1), max_size=8), min_size=1, max_size=4)


@given(priorities=priorities_lists, slots=st.integers(0, 12))
def test_priorities_decide_which_jobs_of_an_organisation_start_and_never_how_many(
    priorities: list[list[int]], slots: int
) -> None:
    with_them = [
        queue(number, lane(*[job(number * 100 + place, priority=each, age=place) for place, each in enumerate(of)]))
        for number, of in enumerate(priorities, start=1)
    ]
    without = [
        queue(number, lane(*[job(number * 100 + place, age=place) for place in range(len(of))]))
        for number, of in enumerate(priorities, start=1)
    ]

    found = allocate(with_them, [runner(1, slots=slots)], at=AT)
    expected = allocate(without, [runner(1, slots=slots)], at=AT)

    assert [each.organisation_id for each in found.assigned] == [each.organisation_id for each in expected.assigned]
    for each in with_them:
        started = [one.job_id for one in found.assigned if one.organisation_id == each.organisation_id]
        assert started == [one.job_id for one in each.lanes[0].jobs[: len(started)]]
