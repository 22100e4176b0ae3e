import hashlib
import os
from pathlib import Path

import pytest

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import hash_files_in

FILES = ["package-lock.json", "src/a.py", "src/b.txt", "src/deep/c.py", "src/deep/.hidden.py", "docs/a.md", "z.py"]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / "work" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")
    (tmp_path / "secret.py").write_text("outside")
    (tmp_path / "work" / "src" / "outside.py").symlink_to(tmp_path / "secret.py")
    (tmp_path / "work" / "link").symlink_to(tmp_path / "work" / "src")
    return tmp_path / "work"


def hash_of(*names: str) -> str:
    contents = [f"content of {name}".encode() for name in names]
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["package-lock.json"], ["package-lock.json"]),
        (["**/*.py"], ["src/a.py", "src/deep/.hidden.py", "src/deep/c.py", "z.py"]),
        (["src"], ["src/a.py", "src/b.txt", "src/deep/.hidden.py", "src/deep/c.py"]),
        (["src/*.py"], ["src/a.py"]),
        (["src/?.[tp]*"], ["src/a.py", "src/b.txt"]),
        (["**/*.py", "!src/deep/**"], ["src/a.py", "z.py"]),
        (["**", "!src", "src/deep/c.py"], ["docs/a.md", "package-lock.json", "src/deep/c.py", "z.py"]),
        (["z.py", "docs/*.md"], ["z.py", "docs/a.md"]),
        (["# comment\n\n  z.py  "], ["z.py"]),
        (["./docs/**"], ["docs/a.md"]),
    ],
)
def test_the_files_that_match_are_hashed_in_order(workspace: Path, patterns: list[str], names: list[str]) -> None:
    assert hash_files_in(workspace)(patterns) == hash_of(*names)


@pytest.mark.parametrize("patterns", [["nothing/**"], ["/etc/passwd"], ["src/outside.py"], ["link/*.py"], []])
def test_without_a_file_in_the_workspace_the_hash_is_empty(workspace: Path, patterns: list[str]) -> None:
    assert hash_files_in(workspace)(patterns) == ""


def test_links_to_folders_are_followed_on_demand(workspace: Path) -> None:
    assert hash_files_in(workspace)(["--follow-symbolic-links", "link/*.py"]) == hash_of("src/a.py")


def test_an_absolute_pattern_in_the_workspace_matches(workspace: Path) -> None:
    assert hash_files_in(workspace)([f"{workspace}/z.py"]) == hash_of("z.py")


def test_a_pattern_cannot_leave_the_workspace(workspace: Path) -> None:
    with pytest.raises(ExpressionError, match="not allowed"):
        hash_files_in(workspace)(["../secret.py"])


def test_what_is_no_regular_file_is_not_read(workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")

    assert hash_files_in(workspace)(["pipe"]) == ""


def test_nested_folders_are_bounded(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(210):
        folder = folder / "d"
    folder.mkdir(parents=True)

    with pytest.raises(ExpressionError, match="nested folders"):
        hash_files_in(tmp_path)(["**/*.py"])
