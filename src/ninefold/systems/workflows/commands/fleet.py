"""`ninefold workflows runners …`, `queue`, `usage` and `share`."""

from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.systems.workflows.model.fleet import RUNNER_PREFIX

_RUNNERS: Final = "/api/v1/workflows/runners"
_QUEUE: Final = "/api/v1/workflows/queue"
_USAGE: Final = "/api/v1/workflows/usage"
_SHARE: Final = "/api/v1/workflows/share"
_REGISTRATIONS: Final = "/api/v1/workflows/registrations"

runners = App(name="runners", help="Manage the runners of workflows.")


class RunnerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A runner."""

    runner_id: str
    name: str
    labels: list[str]
    status: str
    job_count: int
    jobs_max: int
    is_shared: bool
    last_seen_at: str


class RegistrationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A registration token."""

    token: str
    expires_at: str


class QueuedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A queued job."""

    position: int
    job_id: str
    repository: str
    name: str
    priority: str
    blocker: str
    why: str
    queued_at: str


class UsageDayAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A day."""

    day: str
    jobs: int
    minutes: float
    queue_p50_s: float | None
    queue_p95_s: float | None


class UsageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Days."""

    items: list[UsageDayAnswer]


class ShareAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A share."""

    weight: int
    jobs_max: int


@runners.command(name="list")
def list_runners(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List runners, oldest first.

    Args:
        limit: Maximum number of runners to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_RUNNERS, limit=limit, cursor=cursor)
        show_answer(answer, Page[RunnerAnswer], api=api, show=_show_runners)


@runners.command(name="token")
def make_token(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Make a token with which runners register within an hour.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.post(_REGISTRATIONS), RegistrationAnswer, api=api, show=show_fields)
    if not api.json:
        print_note("On the runner's machine: ninefold runner --url SERVER --token TOKEN")


@runners.command(name="drain")
def drain_runner(runner_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Give a runner no further jobs; it stops when it has none.

    Args:
        runner_id: The id of the runner, such as wrnr_….
        api: The server and API key to use.
    """
    path = _path_of(runner_id)
    with api.client() as client:
        show_answer(client.post(f"{path}/drain"), RunnerAnswer, api=api, show=show_fields)


@runners.command(name="remove")
def remove_runner(runner_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Remove a runner that has no job.

    Args:
        runner_id: The id of the runner, such as wrnr_….
        api: The server and API key to use.
    """
    path = _path_of(runner_id)
    with api.client() as client:
        client.delete(path)
    print_note("The runner is removed.")


def list_queue(*, limit: Limit = 20, cursor: str | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List queued jobs in the order in which they start, each with what it waits for.

    Args:
        limit: Maximum number of jobs to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_QUEUE, limit=limit, cursor=cursor)
        show_answer(answer, Page[QueuedAnswer], api=api, show=_show_queue)


def show_usage(*, days: int = 30, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show what jobs used on each day (UTC), and how long they were queued.

    Args:
        days: How many days, with today.
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(_USAGE, days=days), UsageAnswer, api=api, show=_show_days)


def show_share(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show what your organisation gets of the runners.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(_SHARE), ShareAnswer, api=api, show=show_fields)


def _path_of(runner_id: str) -> str:
    parse_argument_id(RUNNER_PREFIX, runner_id, shown_by="ninefold workflows runners list")
    return f"{_RUNNERS}/{runner_id}"


def _show_runners(page: Page[RunnerAnswer]) -> None:
    print_table(
        ["Runner", "Name", "State", "Jobs", "Shared", "Labels", "Last seen at"],
        [
            [
                each.runner_id,
                each.name,
                each.status,
                f"{each.job_count} of {each.jobs_max}",
                "yes" if each.is_shared else "no",
                ", ".join(each.labels),
                each.last_seen_at,
            ]
            for each in page.items
        ],
        empty="No runners yet. Make a token: ninefold workflows runners token",
    )
    print_next_page(page)


def _show_queue(page: Page[QueuedAnswer]) -> None:
    print_table(
        ["#", "Job", "Repository", "Name", "Priority", "Waits for", "Why", "Queued at"],
        [
            [
                each.position,
                each.job_id,
                each.repository,
                each.name,
                each.priority,
                each.blocker,
                each.why,
                each.queued_at,
            ]
            for each in page.items
        ],
        empty="No job is queued.",
    )
    print_next_page(page)


def _show_days(usage: UsageAnswer) -> None:
    print_table(
        ["Day", "Jobs", "Minutes", "Queued p50 (s)", "Queued p95 (s)"],
        [
            [each.day, each.jobs, round(each.minutes, 1), _seconds(each.queue_p50_s), _seconds(each.queue_p95_s)]
            for each in usage.items
        ],
        empty="No job has ended in this time.",
    )


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
