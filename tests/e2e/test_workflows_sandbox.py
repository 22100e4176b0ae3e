"""`ninefold up` runs pushed workflows in sandboxes, with actions for checkout, artifacts and caches, and no network."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from git_http_servers import make_repository
from http_api import Api, Json
from in_process import create_key
from installations import Installation
from ninefold.core.postgres.database import Database
from workflow_repositories import clone_url, create_repository, git_done

WITHIN_S = 120.0

MIRRORS = Path(os.environ.get("NINEFOLD_TEST_MIRRORS", "absent"))
"""A folder with `<owner>+<repository>/repo`: mirrors of GitHub's own actions, which aren't in this repository."""

HAS_MIRRORS = MIRRORS.is_dir()
VERSIONS = {"checkout": "v7", "upload-artifact": "v7", "download-artifact": "v8", "cache": "v5"}

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("bwrap") is None,
    reason="jobs are isolated only by root, with bubblewrap: scripts/bubblewrap installs it",
)

ALONE = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {uid: "${{ steps.who.outputs.uid }}"}
    steps:
      - {id: who, run: 'echo "uid=$(id -u)" >> "$GITHUB_OUTPUT"; echo "server $GITHUB_SERVER_URL"'}
      - run: test ! -e "{folder}/data" && echo hidden
  after:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "before: ${{ needs.build.outputs.uid }}, now: $(id -u)"
          ! curl -s http://127.0.0.1:{port}/
          ! curl -s http://ninefold.localhost:8080/api/v1/me --fail
"""

ACTIONS = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@{checkout}
      - uses: actions/cache@{cache}
        id: cache
        with: {path: kept, key: "kept-${{ hashFiles('README.md') }}"}
      - run: mkdir -p kept; date > kept/made; cat README.md > made.txt; head -c 3000000 /dev/urandom > large.bin
      - run: sha256sum made.txt large.bin > sums.txt
      - uses: actions/upload-artifact@{upload-artifact}
        with: {name: build, path: "made.txt\\nlarge.bin\\nsums.txt"}
      - uses: ./kit
  check:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - uses: actions/download-artifact@{download-artifact}
        with: {name: build}
      - run: sha256sum --check sums.txt && cat made.txt
      - uses: actions/cache@{cache}
        id: cache
        with: {path: kept, key: "kept-${{ needs.build.result }}", restore-keys: kept-}
      - run: test -e kept/made && echo "cache restored"
"""


TOOLKIT = Path(__file__).parent / "actions_js"
"""GitHub's own clients of artifacts and caches, as their actions have them."""

CLIENTS = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - run: mkdir -p out kept; head -c 9000000 /dev/urandom > out/large.bin; date > kept/made
      - run: sha256sum out/large.bin > sums
      - uses: acme/kit@v1
        with: {what: upload, given: '{"name": "all", "folder": "$PWD/out", "files": ["large.bin"]}'}
      - {uses: acme/kit@v1, with: {what: save, given: '{"paths": ["kept"], "key": "kept-1"}'}}
      - run: rm -r out kept
      - {uses: acme/kit@v1, with: {what: download, given: '{"name": "all", "folder": "$PWD/out"}'}}
      - {uses: acme/kit@v1, with: {what: restore, given: '{"paths": ["kept"], "key": "kept-1"}'}}
      - run: sha256sum --check sums && test -s kept/made && echo all there
"""

KIT = """
name: kit
inputs: {what: {}, given: {}}
runs: {using: node24, main: main.js}
"""

KIT_MAIN = """
const {execFileSync} = require("child_process")
const given = process.env.INPUT_GIVEN.replaceAll("$PWD", process.cwd())
const output = execFileSync(process.execPath, ["{toolkit}/client.mjs", process.env.INPUT_WHAT, given]).toString()
console.log(output)
if (output.trim().split("\\n").pop().startsWith('{"error"')) process.exit(1)
"""


class Running:
    """An installation, and organisations in it."""

    def __init__(self, installation: Installation, database: Database, http: httpx.AsyncClient, folder: Path) -> None:
        self.installation = installation
        self.database = database
        self.http = http
        self.folder = folder

    async def organisation(self, name: str) -> Api:
        """Create an organisation."""
        return Api(self.http, await create_key(self.database, organisation=name))

    async def push_files(self, api: Api, name: str, files: dict[str, str], *refs: str) -> None:
        """Push files to a new repository."""
        repository = await create_repository(api, name)
        work = self.folder / repository["full_name"]
        make_repository(work, files)
        url = clone_url(str(self.http.base_url), repository["full_name"], api.api_key)
        await git_done(work, "push", url, "main", *refs)

    async def push(self, organisation: str, files: dict[str, str]) -> tuple[Api, Json]:
        """Push files to a new repository of a new organisation; return its only run when it has ended."""
        api = await self.organisation(organisation)
        await self.push_files(api, "storefront", files)
        return api, await self.only_run(api)

    async def only_run(self, api: Api) -> Json:
        """Return the run of an organisation when it has ended."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                runs = (await api.get("/workflows/runs"))["items"]
                if runs and runs[0]["ended_at"]:
                    run: Json = runs[0]
                    return run
                await asyncio.sleep(0.1)

    async def logs(self, api: Api, run: Json) -> dict[str, str]:
        """Return the logs of a run's jobs by their names."""
        jobs = (await api.get(f"/workflows/runs/{run['run_id']}/jobs"))["items"]
        return {job["key"]: await self._log(api, job["job_id"]) for job in jobs}

    async def _log(self, api: Api, job_id: str) -> str:
        response = await api.request("GET", f"/workflows/jobs/{job_id}/log.txt")
        assert response.is_success, response.text
        return response.text


def is_whole(mirror: Path, version: str) -> bool:
    command = ["git", "-c", "safe.directory=*", "-C", str(mirror), "archive", "--format=tar", version]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    """Return the folder of actions: GitHub's own if there are mirrors, or an empty one, so that Ninefold's are used."""
    folder = tmp_path / "mirrors"
    (folder / "actions").mkdir(parents=True)
    for name, version in VERSIONS.items():
        source = MIRRORS / f"actions+{name}" / "repo"
        # A mirror may lack its largest files, and then can't be used.
        if source.is_dir() and is_whole(source, version):
            shutil.copytree(source, folder / "actions" / f"{name}.git")
    return folder


@pytest.fixture
async def running(database_url: str, database: Database, tmp_path: Path, mirrors: Path) -> AsyncIterator[Running]:
    settings = {
        "NINEFOLD_DATABASE_URL": database_url,
        "NINEFOLD_WORKERS": "1",
        "NINEFOLD_WORKFLOWS_ACTIONS": str(mirrors),
        "NINEFOLD_WORKFLOWS_JOB_FOLDERS": str(TOOLKIT),
    }
    async with (
        Installation(tmp_path / "data", settings=settings) as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{started.port}", trust_env=False) as http,
    ):
        yield Running(started, database, http, tmp_path)


async def test_jobs_of_two_organisations_run_as_two_users_without_a_network(running: Running, tmp_path: Path) -> None:
    workflow = ALONE.replace("{folder}", str(tmp_path)).replace("{port}", str(running.installation.port))
    users = []
    for organisation in ("kestrel", "harrier"):
        api, run = await running.push(organisation, {".github/workflows/ci.yml": workflow})
        logs = await running.logs(api, run)
        assert run["status"] == "succeeded", "\n".join(logs.values())
        assert "server http://ninefold.localhost:8080" in logs["build"]
        assert "hidden" in logs["build"]
        users.append(next(line for line in logs["after"].splitlines() if "before: " in line and "now: 2" in line))
    words = [line.partition("before: ")[2].replace(",", "").split() for line in users]
    assert all(before == now for before, _, now in words)
    assert len({before for before, *_ in words}) == 2


async def test_actions_for_checkout_artifacts_and_caches_run_in_sandboxes(running: Running) -> None:
    workflow = ACTIONS
    for name, version in VERSIONS.items():
        workflow = workflow.replace(f"{{{name}}}", version)
    files = {
        ".github/workflows/ci.yml": workflow,
        "README.md": "of the commit\n",
        "kit/action.yml": "{name: kit, runs: {using: composite, steps: [{run: echo from the repository, shell: sh}]}}",
    }
    api, run = await running.push("kestrel", files)
    logs = await running.logs(api, run)
    assert run["status"] == "succeeded", "\n".join(logs.values())
    assert "from the repository" in logs["build"]
    assert "of the commit" in logs["check"]
    assert "cache restored" in logs["check"]
    assert ("Download action repository 'actions/checkout@" in logs["build"]) is HAS_MIRRORS


async def test_githubs_own_clients_run_in_an_action_of_the_organisation(running: Running) -> None:
    api = await running.organisation("acme")
    kit = {"action.yml": KIT, "main.js": KIT_MAIN.replace("{toolkit}", str(TOOLKIT))}
    await running.push_files(api, "kit", kit, "main:refs/tags/v1")
    await running.push_files(api, "storefront", {".github/workflows/ci.yml": CLIENTS})
    run = await running.only_run(api)
    logs = await running.logs(api, run)
    assert run["status"] == "succeeded", "\n".join(logs.values())
    assert "all there" in logs["build"]
    assert "Download action repository 'acme/kit@v1' (SHA:" in logs["build"]
