"""What GitHub's own actions for artifacts and caches do, in sandboxes of `ninefold up`.

With mirrors of them it is they that run, unmodified. Without, the same workflows run with Ninefold's own versions,
which must do the same.
"""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from installations import Installation
from ninefold.core.postgres.database import Database
from workflow_installations import Running, copy_mirrors

VERSIONS = {"checkout": "v7", "upload-artifact": "v7", "download-artifact": "v8", "cache": "v5"}
LARGE_BYTES = 60_000_000

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("bwrap") is None,
    reason="jobs are isolated only by root, with bubblewrap: scripts/bubblewrap installs it",
)

ARTIFACTS = """
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {files: "${{ steps.files.outputs.artifact-id }}", digest: "${{ steps.plain.outputs.artifact-digest }}"}
    steps:
      - uses: actions/checkout@{checkout}
      - run: |
          mkdir -p out/deep out/.hidden plain
          echo one > out/one.txt; echo two > out/deep/two.txt; echo skip > out/deep/skip.txt; echo dot > out/.hidden/dot
          head -c {large} /dev/urandom > large.bin; echo as it is > plain/report.html
      - id: files
        uses: actions/upload-artifact@{upload-artifact}
        with: {name: files, retention-days: 3, path: "out/**/*.txt\\n!out/deep/skip.txt\\nREADME.md"}
      - {uses: actions/upload-artifact@{upload-artifact}, with: {name: log-a, path: out/one.txt}}
      - {uses: actions/upload-artifact@{upload-artifact}, with: {name: log-b, path: out/deep}}
      - uses: actions/upload-artifact@{upload-artifact}
        with: {name: dots, path: out/.hidden/, include-hidden-files: true}
      - id: large
        uses: actions/upload-artifact@{upload-artifact}
        with: {name: large, path: large.bin, compression-level: 0}
      - run: sha256sum large.bin > sums
      - {uses: actions/upload-artifact@{upload-artifact}, with: {name: sums, path: README.md}}
      - id: again
        continue-on-error: true
        uses: actions/upload-artifact@{upload-artifact}
        with: {name: sums, path: sums}
      - {uses: actions/upload-artifact@{upload-artifact}, with: {name: sums, path: sums, overwrite: true}}
      - id: none
        continue-on-error: true
        uses: actions/upload-artifact@{upload-artifact}
        with: {name: none, path: "nothing/*", if-no-files-found: error}
      - {id: warned, uses: actions/upload-artifact@{upload-artifact}, with: {name: none, path: "nothing/*"}}
      - {id: plain, uses: actions/upload-artifact@{upload-artifact}, with: {path: plain/report.html, archive: false}}
      - run: |
          test "${{ steps.again.outcome }} ${{ steps.none.outcome }}" = "failure failure"
          test "${{ steps.warned.outputs.artifact-id }}" = ""
          test "$(sha256sum < plain/report.html)" = "${{ steps.plain.outputs.artifact-digest }}  -"
          echo "address ${{ steps.large.outputs.artifact-url }}"
  check:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - {id: one, uses: actions/download-artifact@{download-artifact}, with: {name: files, path: files}}
      - run: |
          test "${{ steps.one.outputs.download-path }}" = "$PWD/files"
          test "$(cd files; find . -type f | sort | xargs)" = "./README.md ./out/deep/two.txt ./out/one.txt"
      - uses: actions/download-artifact@{download-artifact}
        with: {pattern: "log-*", path: merged, merge-multiple: true}
      - run: test "$(cd merged; find . -type f | sort | xargs)" = "./one.txt ./skip.txt ./two.txt"
      - {uses: actions/download-artifact@{download-artifact}, with: {pattern: "{log-a,log-b,other}", path: apart}}
      - run: test "$(cd apart; find . -type f | sort | xargs)" = "./log-a/one.txt ./log-b/skip.txt ./log-b/two.txt"
      - {uses: actions/download-artifact@{download-artifact}, with: {pattern: "dot*", path: alone}}
      - run: test "$(cd alone; find . -type f | xargs)" = ./dot
      - {uses: actions/download-artifact@{download-artifact}, with: {path: all}}
      - run: |
          ls all
          test "$(cd all; ls | xargs)" = "dots files large log-a log-b report.html sums"
          cd all/large && sha256sum --check ../sums/sums && cat ../report.html/report.html
          test "$(sha256sum < ../report.html/report.html)" = "${{ needs.build.outputs.digest }}  -"
      - uses: actions/download-artifact@{download-artifact}
        with: {artifact-ids: "${{ needs.build.outputs.files }}", path: by-id}
      - run: test -s by-id/README.md
      - {uses: actions/download-artifact@{download-artifact}, with: {name: dots, path: packed, skip-decompress: true}}
      - run: python3 -m zipfile -t packed/*.zip
      - {id: absent, continue-on-error: true, uses: actions/download-artifact@{download-artifact}, with: {name: absent}}
      - run: test "${{ steps.absent.outcome }}" = failure && echo all there
"""

CACHES = """
on: push
jobs:
  first:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache@{cache}
        id: cache
        with: {path: "kept\\n~/of-home", key: "a-1", restore-keys: a-}
      - run: |
          echo "first:${{ steps.cache.outputs.cache-hit }}"
          mkdir -p kept ~/of-home
          date > kept/made
          echo home > ~/of-home/file
  second:
    needs: first
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache@{cache}
        id: cache
        with: {path: "kept\\n~/of-home", key: "a-1", restore-keys: a-}
      - run: test -s kept/made && cat ~/of-home/file && echo "second:${{ steps.cache.outputs.cache-hit }}"
  third:
    needs: second
    runs-on: ubuntu-latest
    steps:
      - uses: actions/cache/restore@{cache}
        id: cache
        with: {path: "kept\\n~/of-home", key: "a-2", restore-keys: a-}
      - run: |
          echo "third:${{ steps.cache.outputs.cache-hit }}:${{ steps.cache.outputs.cache-matched-key }}"
          echo more > kept/more
      - uses: actions/cache/save@{cache}
        with: {path: "kept\\n~/of-home", key: "${{ steps.cache.outputs.cache-primary-key }}"}
      - uses: actions/cache/restore@{cache}
        id: look
        with: {path: "kept\\n~/of-home", key: "a-2", lookup-only: true}
      - run: echo "look:${{ steps.look.outputs.cache-hit }}"
      - id: miss
        continue-on-error: true
        uses: actions/cache/restore@{cache}
        with: {path: kept, key: b, fail-on-cache-miss: true}
      - run: test "${{ steps.miss.outcome }}" = failure
"""


@pytest.fixture
def mirrored(tmp_path: Path) -> set[str]:
    """Return the names of the actions that are GitHub's own."""
    (tmp_path / "mirrors" / "actions").mkdir(parents=True)
    return copy_mirrors(tmp_path / "mirrors", VERSIONS)


@pytest.fixture
async def running(database_url: str, database: Database, tmp_path: Path, mirrored: set[str]) -> AsyncIterator[Running]:
    del mirrored  # They are there before the start.
    settings = {
        "NINEFOLD_DATABASE_URL": database_url,
        "NINEFOLD_WORKERS": "1",
        "NINEFOLD_WORKFLOWS_ACTIONS": str(tmp_path / "mirrors"),
    }
    async with (
        Installation(tmp_path / "data", settings=settings) as started,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{started.port}", trust_env=False) as http,
    ):
        yield Running(started, database, http, tmp_path)


def workflow_of(template: str) -> str:
    text = template.replace("{large}", str(LARGE_BYTES))
    for name, version in VERSIONS.items():
        text = text.replace(f"{{{name}}}", version)
    return text


async def test_artifacts_of_all_kinds_go_from_job_to_job(running: Running, mirrored: set[str]) -> None:
    files = {".github/workflows/ci.yml": workflow_of(ARTIFACTS), "README.md": "of the commit\n"}
    api, run = await running.push("kestrel", files)
    logs = await running.logs(api, run)
    text = "\n".join(logs.values())
    assert run["status"] == "succeeded", text
    assert "all there" in logs["check"]
    for name in mirrored - {"cache"}:
        assert f"Download action repository 'actions/{name}@{VERSIONS[name]}'" in text
    listed = (await api.get(f"/workflows/runs/{run['run_id']}/artifacts"))["items"]
    assert sorted(each["file_name"] for each in listed) == [
        "dots.zip",
        "files.zip",
        "large.zip",
        "log-a.zip",
        "log-b.zip",
        "report.html",
        "sums.zip",
    ]
    large = next(each for each in listed if each["name"] == "large")
    assert LARGE_BYTES < large["size"] < LARGE_BYTES * 1.01


async def test_caches_are_saved_and_restored(running: Running) -> None:
    api, run = await running.push("kestrel", {".github/workflows/ci.yml": workflow_of(CACHES)})
    logs = await running.logs(api, run)
    assert run["status"] == "succeeded", "\n".join(logs.values())
    said = "\n".join(logs.values())
    for line in ("first:\n", "second:true\n", "third:false:a-1\n", "look:true\n"):
        assert line in said
