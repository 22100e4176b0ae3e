"""`ninefold up` runs pushed workflows in sandboxes, with actions for checkout, artifacts and caches, and no network."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from installations import Installation
from ninefold.core.postgres.database import Database
from workflow_installations import MIRRORS, Running, copy_mirrors

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


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    """Return the folder of actions: GitHub's own if there are mirrors, or an empty one, so that Ninefold's are used."""
    folder = tmp_path / "mirrors"
    (folder / "actions").mkdir(parents=True)
    copy_mirrors(folder, VERSIONS)
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
    assert ("Download action repository 'actions/checkout@" in logs["build"]) is MIRRORS.is_dir()


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
