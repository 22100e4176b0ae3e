"""A verified callback of GitHub fetches the commits, and starts workflows: pushes and pull requests, each once."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from git_http_servers import commit_files, git, make_repository, serve_repositories
from http_api import Api, Json
from in_process import StartWorker
from workflow_repositories import create_repository

CI = ".github/workflows/ci.yml"
WORKFLOW = "on: [push, pull_request]\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make test\n"
SECRET = "a secret of the webhook"
WITHIN_S = 60.0


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[str]:
    with serve_repositories(tmp_path / "github") as url:
        yield url


class GitHub:
    """A repository at GitHub, and the webhook that it has here."""

    def __init__(self, api: Api, folder: Path, url: str) -> None:
        self.api = api
        self.folder = folder
        self.url = url
        self.ingest_path = ""

    async def connect(self) -> Json:
        source = await self.api.done(
            "POST", "/sources", json={"provider": "github", "name": "site", "secrets": [SECRET]}
        )
        self.ingest_path = "/in/" + source["ingest_url"].rpartition("/")[2]
        repository = await create_repository(self.api)
        changes = {"github_full_name": "Octo/Site", "github_clone_url": f"{self.url}/octo/site"}
        return await self.api.done("PATCH", f"/workflows/repositories/{repository['repository_id']}", json=changes)

    async def tell(self, event: str, payload: Mapping[str, Any], *, delivery: str, secret: str = SECRET) -> None:
        body = json.dumps({"repository": {"full_name": "octo/site"}, "sender": {"login": "mona"}, **payload}).encode()
        signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": delivery,
            "x-hub-signature-256": f"sha256={signature}",
        }
        answer = await self.api.http.post(self.ingest_path, content=body, headers=headers)
        assert answer.is_success, answer.text

    async def runs(self, count: int) -> list[Json]:
        async with asyncio.timeout(WITHIN_S):
            while len(items := (await self.api.get("/workflows/runs"))["items"]) < count:
                await asyncio.sleep(0.05)
        found: list[Json] = items
        return found[::-1]


@pytest.fixture
async def github(api: Api, tmp_path: Path, remote: str) -> GitHub:
    return GitHub(api, tmp_path / "github" / "octo" / "site", remote)


def push_of(ref: str, before: str, after: str) -> dict[str, str]:
    return {"ref": ref, "before": before, "after": after}


def pull_request_of(number: int, *, head: str, base: str, fork: str | None = None) -> dict[str, Any]:
    return {
        "action": "opened",
        "number": number,
        "pull_request": {
            "title": "Add a page",
            "head": {"ref": "page", "sha": head, "repo": {"full_name": fork or "octo/site"}},
            "base": {"ref": "main", "sha": base, "repo": {"full_name": "octo/site"}},
        },
    }


async def test_a_push_is_fetched_and_starts_its_workflows_once(github: GitHub, start_worker: StartWorker) -> None:
    first = make_repository(github.folder, {CI: WORKFLOW})
    repository = await github.connect()
    async with start_worker():
        await github.tell("push", push_of("refs/heads/main", "0" * 40, first), delivery="1")
        await github.tell("push", push_of("refs/heads/main", "0" * 40, first), delivery="1")
        await github.runs(1)
        second = commit_files(github.folder, {"a": "1"})
        await github.tell("push", push_of("refs/heads/main", first, second), delivery="2", secret="forged")
        await github.tell("push", push_of("refs/heads/main", first, second), delivery="3")
        runs = await github.runs(2)

    assert [(each["event"], each["head_sha"], each["actor"]) for each in runs] == [
        ("push", first, "mona"),
        ("push", second, "mona"),
    ]
    shown = await github.api.get(f"/workflows/repositories/{repository['repository_id']}")
    assert shown["pushed_at"] is not None


async def test_a_pull_request_runs_at_the_merge_and_one_of_a_fork_is_marked(
    github: GitHub, start_worker: StartWorker
) -> None:
    base = make_repository(github.folder, {CI: WORKFLOW})
    git(github.folder, "checkout", "-q", "-b", "page")
    head = commit_files(github.folder, {"page": "1"})
    git(github.folder, "checkout", "-q", "main")
    git(github.folder, "merge", "-q", "--no-ff", "-m", "merge", "page")
    merge = git(github.folder, "rev-parse", "HEAD")
    git(github.folder, "update-ref", "refs/pull/7/head", head)
    git(github.folder, "update-ref", "refs/pull/7/merge", merge)
    git(github.folder, "update-ref", "refs/pull/8/head", head)
    await github.connect()
    async with start_worker():
        await github.tell("pull_request", pull_request_of(7, head=head, base=base), delivery="1")
        await github.runs(1)
        await github.tell("pull_request", pull_request_of(8, head=head, base=base, fork="eve/site"), delivery="2")
        runs = await github.runs(2)

    assert [(each["event"], each["ref"], each["head_sha"], each["title"]) for each in runs] == [
        ("pull_request", "refs/pull/7/merge", merge, "Add a page"),
        ("pull_request", "refs/pull/8/merge", head, "Add a page"),
    ]


async def test_a_repository_that_cant_be_reached_is_tried_again_and_says_why(
    github: GitHub, start_worker: StartWorker
) -> None:
    sha = make_repository(github.folder, {CI: WORKFLOW})
    repository = await github.connect()
    path = f"/workflows/repositories/{repository['repository_id']}"
    await github.api.done("PATCH", path, json={"github_clone_url": "http://10.1.2.3/octo/site"})
    async with start_worker():
        await github.tell("push", push_of("refs/heads/main", "0" * 40, sha), delivery="1")
        async with asyncio.timeout(WITHIN_S):
            while not (
                jobs := [
                    job
                    for job in (await github.api.get("/jobs"))["items"]
                    if job["kind"] == "workflows.fetch_github" and job["state"] == "retrying"
                ]
            ):
                await asyncio.sleep(0.05)

    assert "10.1.2.3" in jobs[0]["error"]
    assert "may not reach" in jobs[0]["error"]
