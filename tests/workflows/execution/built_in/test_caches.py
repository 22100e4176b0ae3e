import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.systems.workflows.execution.built_in.cache_entries import version_of
from ninefold.systems.workflows.execution.report import JobResult
from results_services import ResultsServices, serve_results
from workflow_jobs import JobInTest

FILL = "mkdir -p deps/deep/empty; echo one > deps/deep/one; chmod 755 deps/deep/one; ln -s deep/one deps/link"


@pytest.fixture
def results() -> Iterator[ResultsServices]:
    with serve_results() as services:
        yield services


async def run(folder: Path, results: ResultsServices | None, text: str) -> tuple[JobInTest, JobResult]:
    job = JobInTest(folder, text, services=results.services if results else None)
    return job, await job.run()


async def test_a_cache_is_kept_after_the_job_and_restored_in_the_next_one(
    tmp_path: Path, results: ResultsServices
) -> None:
    text = """
        steps:
          - {id: cache, uses: actions/cache@v4, with: {path: deps, key: deps-1, restore-keys: "deps-\\nold-"}}
          - {if: steps.cache.outputs.cache-hit != 'true', run: "FILL"}
          - run: cat deps/link; test -x deps/deep/one; test -d deps/deep/empty; test -L deps/link
          - run: echo "hit '${{ steps.cache.outputs.cache-hit }}'"
    """.replace("FILL", FILL)
    first, result = await run(tmp_path / "first", results, text)
    assert result.conclusion == "success", first.record.text
    assert "hit ''" in first.record.output()
    assert [key for key, _ in results.caches] == ["deps-1"]
    second, result = await run(tmp_path / "second", results, text)
    assert result.conclusion == "success", second.record.text
    assert "hit 'true'" in second.record.output()
    assert "The cache with the key deps-1 was restored, so that none is saved." in second.record.output()
    text = text.replace("key: deps-1", "key: deps-2").replace("!= 'true'", "== ''")
    third, result = await run(tmp_path / "third", results, text)
    assert "hit 'false'" in third.record.output(), third.record.text
    assert [key for key, _ in results.caches] == ["deps-1", "deps-2"]


async def test_what_is_in_the_home_folder_and_elsewhere_is_kept_too(tmp_path: Path, results: ResultsServices) -> None:
    elsewhere = tmp_path / "elsewhere"
    text = f"""
        steps:
          - {{uses: actions/cache/restore@v4, with: {{path: "~/.tool\\n{elsewhere}/*.txt", key: k}}}}
          - run: |
              test -e ~/.tool/file || mkdir -p ~/.tool {elsewhere}
              echo home > ~/.tool/file; ln -f ~/.tool/file ~/.tool/same; echo else > {elsewhere}/a.txt
          - {{uses: actions/cache/save@v4, with: {{path: "~/.tool\\n{elsewhere}/*.txt", key: k}}}}
          - run: rm -r ~/.tool {elsewhere}
          - {{uses: actions/cache/restore@v4, with: {{path: "~/.tool\\n{elsewhere}/*.txt", key: k}}}}
          - run: cat ~/.tool/file ~/.tool/same {elsewhere}/a.txt
    """
    job, result = await run(tmp_path / "job", results, text)
    assert result.conclusion == "success", job.record.text
    assert job.record.output()[-3:] == ["home", "home", "else"]


async def test_a_job_that_fails_keeps_nothing_unless_a_step_does_it(tmp_path: Path, results: ResultsServices) -> None:
    text = """
        steps:
          - {uses: actions/cache@v4, with: {path: a, key: first}}
          - run: echo 1 > a; echo 2 > b
          - {uses: actions/cache/save@v4, with: {path: "*\\n!a", key: second}}
          - id: at
            uses: actions/cache/restore@v4
            with: {path: "*\\n!a", key: seco, restore-keys: sec, lookup-only: true}
          - run: echo "matched ${{ steps.at.outputs.cache-matched-key }} of ${{ steps.at.outputs.cache-primary-key }}"
          - {uses: actions/cache/restore@v4, with: {path: c, key: third, fail-on-cache-miss: true}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "failure"
    assert [key for key, _ in results.caches] == ["second"]
    assert "matched second of seco" in job.record.output()
    assert "##[error]There is no cache for the key third." in job.record.text


def archive_of(entries: list[tarfile.TarInfo]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for entry in entries:
            archive.addfile(entry, io.BytesIO(b"evil"[: entry.size]))
    return content.getvalue()


def entry_of(name: str, *, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    entry.size = 4 if kind == tarfile.REGTYPE else 0
    return entry


@pytest.mark.parametrize("name", ["outside", "through the link", "dots", "hard link", "device"])
async def test_a_cache_that_would_write_elsewhere_is_refused(
    tmp_path: Path, results: ResultsServices, name: str
) -> None:
    step = "{uses: actions/cache/restore@v4, with: {path: deps, key: evil}}"
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("kept")
    deps = str(tmp_path / "workspace" / "deps")
    entries = {
        "outside": [entry_of(f"{outside}/secret")],
        "through the link": [
            entry_of(f"{deps}/link", kind=tarfile.SYMTYPE, link=str(outside)),
            entry_of(f"{deps}/link/secret"),
        ],
        "dots": [entry_of(f"{deps}/../../outside/secret")],
        "hard link": [entry_of(f"{deps}/copy", kind=tarfile.LNKTYPE, link=f"{outside}/secret")],
        "device": [entry_of(f"{deps}/device", kind=tarfile.CHRTYPE)],
    }[name]
    results.caches["evil", version_of(["deps"])] = "evil"
    results.blobs["evil"] = archive_of(entries)
    job, result = await run(tmp_path, results, f"steps: [{step}]")
    assert result.conclusion == "failure"
    assert "of the cache" in job.record.text
    assert (outside / "secret").read_text() == "kept"
    assert not (job.workspace / "deps" / "copy").exists()


async def test_without_services_a_job_goes_on_without_its_cache(tmp_path: Path) -> None:
    text = "steps: [{uses: actions/cache@v4, with: {path: a, key: k}}, {run: touch a}]"
    job, result = await run(tmp_path, None, text)
    assert result.conclusion == "success", job.record.text
    assert [each.level for each in job.record.annotations] == ["warning", "warning"]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("{path: a, key: 'a,b'}", "'a,b' isn't a valid key"),
        ("{path: '', key: k}", "The input path has 0 lines"),
        ("{path: a, key: k, enableCrossOsArchive: true}", "Unexpected input(s) 'enableCrossOsArchive'"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, results: ResultsServices, inputs: str, message: str) -> None:
    job, result = await run(tmp_path, results, f"steps: [{{uses: actions/cache@v4, with: {inputs}}}]")
    assert result.conclusion == "failure"
    assert message in job.record.text, job.record.text
