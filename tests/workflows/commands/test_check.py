import json
from pathlib import Path

import pytest

from ninefold.edge.cli import run

GOOD = "on: push\njobs: {a: {runs-on: x, steps: [{run: echo}]}}\n"
CALLED = "on: workflow_call\njobs: {a: {steps: []}}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / ".github" / "workflows"


def test_the_workflows_of_the_folder_are_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yml").write_text(GOOD)
    (folder / "bad.yaml").write_text(GOOD.replace("run:", "runn:"))
    (folder / "notes.txt").write_text("not a workflow")

    assert run(["workflows", "check"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ".github/workflows/bad.yaml:2:33: Unexpected value 'runn'"
    assert lines[1].startswith("  Known here: continue-on-error,")
    assert not any("good.yml" in line for line in lines)


def test_files_without_errors_print_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "good.yml").write_text(GOOD)

    assert run(["workflows", "check", ".github/workflows/good.yml"]) == 0
    assert capsys.readouterr().out == ""


def test_problems_are_printed_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "ci.yml").write_text("on: {push: {branches: a, branches-ignore: b}}\n" + GOOD.partition("\n")[2])
    (folder / "bad.yml").write_text("on: push\njobs: {}\n")

    assert run(["workflows", "check", str(folder / "ci.yml"), "--json"]) == 0
    (warning,) = json.loads(capsys.readouterr().out)
    assert (warning["line"], warning["column"], warning["severity"]) == (1, 43, "warning")

    assert run(["workflows", "check", str(folder / "bad.yml"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == [
        {
            "file": str(folder / "bad.yml"),
            "line": 2,
            "column": 7,
            "message": "The workflow must contain at least one job with no dependencies.",
            "remedy": None,
            "severity": "error",
        }
    ]


def test_workflows_that_are_called_are_checked_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "a.yml").write_text("on: push\njobs: {a: {uses: ./.github/workflows/b.yml}, c: {uses: x/y/z.yml@v1}}\n")
    (folder / "b.yml").write_text(CALLED)

    assert run(["workflows", "check"]) == 1

    assert capsys.readouterr().out == ".github/workflows/b.yml:2:11: Required property is missing: runs-on\n"


def test_a_call_cannot_leave_the_repository(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent.parent.parent / "outside.yml").write_text(CALLED)
    (folder / "a.yml").write_text("on: push\njobs: {a: {uses: ./../outside.yml}}\n")

    assert run(["workflows", "check"]) == 1

    assert "Unable to find reusable workflow" in capsys.readouterr().out


def test_actions_are_read_by_their_own_grammar(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "action.yml").write_text("name: a\nruns: {using: node20, main: x}\n")

    assert run(["workflows", "check", ".github/workflows/action.yml"]) == 1

    assert "action.yml:1:1: Required property is missing: description" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_is_reported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "latin.yml").write_bytes(b"name: \xe9\n")

    assert run(["workflows", "check", "missing.yml", ".github/workflows/latin.yml"]) == 1

    assert capsys.readouterr().out.splitlines() == [
        "missing.yml: The file can't be read: No such file or directory",
        ".github/workflows/latin.yml: The file isn't UTF-8",
        "  Save it as UTF-8.",
    ]
