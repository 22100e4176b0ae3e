"""Priorities over HTTP: of a run that is started, run again or waits, and of a repository."""

from pathlib import Path
from typing import Any

import pytest

from http_api import Api, Json
from workflow_repositories import create_repository, make_hosted
from workflow_runs import FILE

WORKFLOW = """\
on: workflow_dispatch
jobs:
  build: {runs-on: ubuntu-latest, steps: [{run: make}]}
"""


@pytest.fixture
async def repository(api: Api, hosted: Path) -> str:
    """The path of a repository with a workflow."""
    created = await create_repository(api)
    make_hosted(hosted, created["repository_id"], {FILE: WORKFLOW})
    return f"/workflows/repositories/{created['repository_id']}"


async def dispatch(api: Api, repository: str, **values: Any) -> Json:
    return await api.done("POST", f"{repository}/dispatches", json={"workflow": "ci.yml", **values})


async def queued(api: Api) -> list[tuple[str, str]]:
    return [(each["run_id"], each["priority"]) for each in (await api.get("/workflows/queue"))["items"]]


async def test_a_dispatched_run_has_the_priority_that_is_asked_for_or_that_of_its_repository(
    api: Api, repository: str
) -> None:
    normal = await dispatch(api, repository)
    changed = await api.done("PATCH", repository, json={"default_priority": "high"})
    high = await dispatch(api, repository)
    low = await dispatch(api, repository, priority="low")
    renamed = await api.done("PATCH", repository, json={"name": "shop"})

    assert [each["priority"] for each in (normal, high, low)] == ["normal", "high", "low"]
    assert (changed["default_priority"], renamed["default_priority"]) == ("high", "high")
    assert await queued(api) == [(high["run_id"], "high"), (normal["run_id"], "normal"), (low["run_id"], "low")]


async def test_the_queue_is_in_the_order_of_priorities_on_each_page(api: Api, repository: str) -> None:
    runs = [await dispatch(api, repository, priority=priority) for priority in ("low", "high", "normal", "high")]

    pages = await api.walk("/workflows/queue", limit=1)

    order = [runs[1], runs[3], runs[2], runs[0]]
    assert [each["run_id"] for page in pages for each in page] == [each["run_id"] for each in order]


async def test_the_priority_of_a_run_is_changed_while_it_waits(api: Api, other_api: Api, repository: str) -> None:
    first, second = [await dispatch(api, repository) for _ in range(2)]
    path = f"/workflows/runs/{second['run_id']}"

    changed = await api.done("PATCH", path, json={"priority": "high"})
    foreign = await other_api.refused(404, "PATCH", path, json={"priority": "low"})
    unknown = await api.refused(422, "PATCH", path, json={"priority": "urgent"})

    assert changed["priority"] == "high"
    assert (foreign["code"], unknown["status"]) == ("run_not_found", 422)
    assert await queued(api) == [(second["run_id"], "high"), (first["run_id"], "normal")]
    (event,) = [each for each in (await api.get(f"{path}/events"))["items"] if each["type"] == "priority_changed"]
    assert event["data"]["priority"] == "high"
    entries = (await api.get("/audit-log"))["items"]
    assert [each["target_id"] for each in entries if each["operation"] == "update_run"] == [second["run_id"]]


async def test_a_run_that_is_run_again_keeps_its_priority_unless_another_is_given(api: Api, repository: str) -> None:
    run = await dispatch(api, repository, priority="low")
    path = f"/workflows/runs/{run['run_id']}"
    priorities = []
    for body in ({}, {"priority": "high"}):
        await api.done("POST", f"{path}/cancel")
        ended = await api.refused(409, "PATCH", path, json={"priority": "high"})
        priorities.append((await api.done("POST", f"{path}/rerun", json=body))["priority"])

    assert priorities == ["low", "high"]
    assert ended["code"] == "run_ended"
