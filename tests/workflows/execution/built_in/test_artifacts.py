import io
import json
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.systems.workflows.execution.report import JobResult
from results_services import TOKEN, ResultsServices, serve_results
from workflow_jobs import JobInTest


@pytest.fixture
def results() -> Iterator[ResultsServices]:
    with serve_results() as services:
        yield services


async def run(folder: Path, results: ResultsServices | None, text: str) -> tuple[JobInTest, JobResult]:
    services = results.services if results else None
    job = JobInTest(folder, text, contexts={"github": GITHUB}, services=services)
    return job, await job.run()


GITHUB = {"repository": "acme/site", "server_url": "http://127.0.0.1", "run_id": "7"}


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


def archive_of(entries: dict[str, bytes], *, mode: int = stat.S_IFREG | 0o644) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return content.getvalue()


async def test_an_artifact_comes_back_as_it_was_uploaded(tmp_path: Path, results: ResultsServices) -> None:
    results.failures = 2
    text = """
        steps:
          - run: |
              mkdir -p dist/deep
              head -c 20000000 /dev/urandom > dist/large
              printf hello > "dist/deep/ä b.txt"; touch dist/empty; sha256sum dist/* > sums 2>/dev/null || true
          - {id: up, uses: actions/upload-artifact@v4, with: {name: build, path: dist, compression-level: 0}}
          - run: mv dist original
          - {id: down, uses: actions/download-artifact@v4, with: {name: build, path: got}}
          - run: diff -r original got && echo "same ${{ steps.up.outputs.artifact-id }}"
          - run: echo "${{ steps.up.outputs.artifact-url }} ${{ steps.down.outputs.download-path }}"
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    artifact_id = results.artifacts["build"]["database_id"]
    assert f"same {artifact_id}" in job.record.output()
    url = f"http://127.0.0.1/acme/site/actions/runs/7/artifacts/{artifact_id}"
    assert f"{url} {job.workspace}/got" in job.record.output()
    assert len(results.blocks) == 3
    assert TOKEN not in job.record.text
    assert list((tmp_path / "temp").glob("tmp*")) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/one.txt", ["one.txt"]),
        ("a/one.txt\na/b/two.txt", ["b/two.txt", "one.txt"]),
        ("a/**/*.txt\n!**/two.txt", ["b/three.txt", "one.txt"]),
        ("a\n!a/b", ["one.txt"]),
        ("# all of it\n./a/b/", ["three.txt", "two.txt"]),
        ("$FOLDER/a/?ne.txt", ["one.txt"]),
        ("*/b/t[hx]*.txt\n~/*", ["workspace/a/b/three.txt", "home/of-home"]),
        ("a/b/**/three.txt\nc", ["a/b/three.txt", "c/inside"]),
    ],
)
async def test_patterns_of_files(tmp_path: Path, results: ResultsServices, path: str, expected: list[str]) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "of-home").touch()
    quoted = json.dumps(path.replace("$FOLDER", f"{tmp_path}/workspace"))
    text = f"""
        steps:
          - run: |
              mkdir -p a/b a/.hidden c; echo 1 > a/one.txt; echo 2 > a/b/two.txt; echo 3 > a/b/three.txt
              touch a/.dot a/.hidden/file c/inside; ln -s /etc c/out; ln -s /etc/passwd c/passwd; ln -s .. c/around
          - uses: actions/upload-artifact@v4
            with: {{path: {quoted}}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert sorted(names(results.blobs["artifact"])) == sorted(expected)
    assert ("are left out" in job.record.text) is ("c/inside" in expected)


async def test_hidden_files_and_retention_if_asked_for(tmp_path: Path, results: ResultsServices) -> None:
    text = """
        steps:
          - run: mkdir .dots; touch .dots/.one
          - {uses: actions/upload-artifact@v4, with: {path: .dots, include-hidden-files: true, retention-days: 5}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert names(results.blobs["artifact"]) == [".one"]
    assert str(results.artifacts["artifact"]["expires_at"]).endswith("Z")


async def test_a_name_that_exists_is_refused_unless_it_is_overwritten(tmp_path: Path, results: ResultsServices) -> None:
    results.put("artifact", archive_of({"old": b""}))
    text = """
        steps:
          - run: touch new
          - {uses: actions/upload-artifact@v4, with: {path: new}, continue-on-error: true}
          - {uses: actions/upload-artifact@v4, with: {path: new, overwrite: true}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert "This run already has an artifact 'artifact'. Use another name, or set overwrite to true." in job.record.text
    assert names(results.blobs["artifact"]) == ["new"]


@pytest.mark.parametrize(
    ("choice", "level", "is_ok"), [("warn", "warning", True), ("error", "error", False), ("ignore", "", True)]
)
async def test_no_files(tmp_path: Path, results: ResultsServices, choice: str, level: str, *, is_ok: bool) -> None:
    text = f"steps: [{{uses: actions/upload-artifact@v4, with: {{path: none, if-no-files-found: {choice}}}}}]"
    job, result = await run(tmp_path, results, text)
    assert (result.conclusion == "success") is is_ok, job.record.text
    assert [each.level for each in job.record.annotations] == [level] * bool(level)
    assert results.calls == []


async def test_several_artifacts_are_downloaded_by_pattern(tmp_path: Path, results: ResultsServices) -> None:
    for name in ("log-1", "log-2", "other"):
        results.put(name, archive_of({f"{name}.txt": name.encode(), "both": name.encode()}))
    text = """
        steps:
          - {uses: actions/download-artifact@v4}
          - {uses: actions/download-artifact@v4, with: {pattern: log-*, path: merged, merge-multiple: true}}
          - run: find . -type f | sort | tr '\\n' ' '
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    files = sorted(str(each.relative_to(job.workspace)) for each in job.workspace.rglob("*") if each.is_file())
    own = [f"{name}/{file}" for name in ("log-1", "log-2", "other") for file in ("both", f"{name}.txt")]
    assert files == sorted([*own, "merged/both", "merged/log-1.txt", "merged/log-2.txt"])


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*", ["log-1", "log-2", "other"]),
        ("log-[2-9]", ["log-2"]),
        ("{other,log-{1,9}}", ["log-1", "other"]),
        ("!log-*", ["other"]),
        ("{other}", []),
        ("none*", []),
    ],
)
async def test_patterns_of_names(tmp_path: Path, results: ResultsServices, pattern: str, expected: list[str]) -> None:
    for name in ("log-1", "log-2", "other"):
        results.put(name, archive_of({name: b""}))
    text = f"steps: [{{uses: actions/download-artifact@v8, with: {{pattern: '{pattern}', merge-multiple: true}}}}]"
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert sorted(each.name for each in job.workspace.iterdir()) == expected


@pytest.mark.parametrize(
    ("version", "expected"), [("v4", "log/file"), ("v4.3.0", "log/file"), ("v5", "file"), ("v8.0.1", "file")]
)
async def test_the_only_artifact_has_a_folder_of_its_own_in_version_4(
    tmp_path: Path, results: ResultsServices, version: str, expected: str
) -> None:
    results.put("log", archive_of({"file": b""}))
    job, result = await run(tmp_path, results, f"steps: [{{uses: actions/download-artifact@{version}}}]")
    assert result.conclusion == "success", job.record.text
    assert (job.workspace / expected).is_file()


async def test_artifacts_are_downloaded_by_their_ids_and_stay_packed_if_asked_for(
    tmp_path: Path, results: ResultsServices
) -> None:
    results.put("one", archive_of({"file": b""}))
    results.calls.append("another id")
    results.put("two", archive_of({"file": b""}))
    wanted = results.artifacts["two"]["database_id"]
    text = f"""
        steps:
          - uses: actions/download-artifact@v8
            with: {{artifact-ids: "{wanted}, 99", skip-decompress: true}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert [each.name for each in job.workspace.iterdir()] == ["two.zip"]
    assert "This run has no artifact with the id 99." in job.record.text


async def test_one_file_is_uploaded_as_it_is(tmp_path: Path, results: ResultsServices) -> None:
    text = """
        steps:
          - run: echo '<html>' > report.html
          - {uses: actions/upload-artifact@v7, with: {path: "*.html", archive: false}}
          - {uses: actions/upload-artifact@v7, with: {path: "*.html", archive: false, overwrite: true}}
          - {uses: actions/download-artifact@v8, with: {name: report.html, path: got}}
          - run: cmp report.html got/report.html
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert results.types["report.html"] == "text/html"


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "a\\\\..\\\\out", "C:/out"])
async def test_an_archive_with_a_path_that_leaves_the_folder_is_refused(
    tmp_path: Path, results: ResultsServices, name: str
) -> None:
    results.put("evil", archive_of({"fine": b"", name: b"evil"}))
    job, result = await run(tmp_path, results, "steps: [{uses: actions/download-artifact@v4, with: {name: evil}}]")
    assert result.conclusion == "failure"
    assert "isn't a valid path for a file of an artifact" in job.record.text
    assert list(job.workspace.iterdir()) == []


async def test_an_archive_with_a_link_is_refused(tmp_path: Path, results: ResultsServices) -> None:
    results.put("evil", archive_of({"link": b"/etc"}, mode=stat.S_IFLNK | 0o777))
    job, result = await run(tmp_path, results, "steps: [{uses: actions/download-artifact@v4, with: {name: evil}}]")
    assert result.conclusion == "failure"
    assert "is a link or a device" in job.record.text
    assert list(job.workspace.iterdir()) == []


async def test_links_of_the_folder_do_not_lead_files_out_of_it(tmp_path: Path, results: ResultsServices) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("as it was")
    results.put("first", archive_of({"file": b"new"}))
    results.put("second", archive_of({"folder/kept": b"evil"}))
    text = f"""
        steps:
          - run: ln -s {outside}/kept file; ln -s {outside} folder
          - {{uses: actions/download-artifact@v4, with: {{name: first}}}}
          - {{uses: actions/download-artifact@v4, with: {{name: second}}}}
    """
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "failure"
    assert "would be written outside of" in job.record.text
    assert (outside / "kept").read_text() == "as it was"
    assert (job.workspace / "file").read_text() == "new"


async def test_a_file_that_was_uploaded_as_it_is_is_not_unpacked(tmp_path: Path, results: ResultsServices) -> None:
    results.put("report.html", b"<html>")
    results.types["report.html"] = "text/html"
    text = "steps: [{uses: actions/download-artifact@v4, with: {name: report.html, path: got}}, {run: cat got/*.html}]"
    job, result = await run(tmp_path, results, text)
    assert result.conclusion == "success", job.record.text
    assert "<html>" in job.record.output()


async def test_content_that_differs_from_its_digest_is_refused(tmp_path: Path, results: ResultsServices) -> None:
    results.put("build", archive_of({"file": b"1"}))
    results.blobs["build"] = archive_of({"file": b"2"})
    job, result = await run(tmp_path, results, "steps: [{uses: actions/download-artifact@v4, with: {name: build}}]")
    assert result.conclusion == "failure"
    assert "but should have" in job.record.text


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{uses: actions/upload-artifact@v4, with: {path: x, name: a/b}}", "'a/b' isn't a valid name of an artifact"),
        ("{uses: actions/upload-artifact@v4, with: {path: ../x}}", "Invalid pattern '../x': it must not have '..'."),
        ("{uses: actions/upload-artifact@v4, with: {path: ''}}", "The input path has no pattern of files."),
        (
            "{uses: actions/upload-artifact@v7, with: {path: ., archive: false}}",
            "only one file can be uploaded, but 2 match",
        ),
        ("{uses: actions/upload-artifact@v4, with: {path: x, if-no-files-found: y}}", "must be warn, error or ignore"),
        ("{uses: actions/download-artifact@v4, with: {name: absent}}", "This run has no artifact 'absent'."),
        ("{uses: actions/download-artifact@v8, with: {artifact-ids: x}}", "must be numbers with commas between them"),
        ("{uses: actions/download-artifact@v8, with: {artifact-ids: '7'}}", "This run has no artifact with the id 7."),
        ("{uses: actions/download-artifact@v8, with: {artifact-ids: '7', name: x}}", "can't be used together"),
        ("{uses: actions/download-artifact@v8, with: {pattern: PATTERN}}", "stands for more than 1,000 patterns"),
        ("{uses: actions/download-artifact@v4, with: {run-id: 7}}", "Unexpected input(s) 'run-id'"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, results: ResultsServices, step: str, message: str) -> None:
    results.put("artifact", archive_of({"file": b""}))
    step = step.replace("PATTERN", f"'{'{a,b}' * 10}'")
    job, result = await run(tmp_path, results, f"steps: [{{run: touch one two}}, {step}]")
    assert result.conclusion == "failure"
    assert message in job.record.text, job.record.text


async def test_a_job_without_services_says_that_a_local_run_has_none(tmp_path: Path) -> None:
    job, result = await run(
        tmp_path, None, "steps: [{run: touch x}, {uses: actions/upload-artifact@v4, with: {path: x}}]"
    )
    assert result.conclusion == "failure"
    assert "There are no services for artifacts and caches: a local run has none." in job.record.text
