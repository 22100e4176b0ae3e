import os
from pathlib import Path

from ninefold.core.postgres.embedded.log import BoundedLog

TIMEOUT_S = 10


def test_output_from_the_pipe_is_appended_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "postgres.log"
    path.write_text("before\n")

    log = _write(path, b"one\ntwo\n")

    assert path.read_text() == "before\none\ntwo\n"
    assert log.last_lines() == "one\ntwo"


def test_a_full_log_replaces_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "postgres.log"
    path.write_text("x" * 99)
    _write(path, b"first\n", bytes_max=100)
    path.write_text("y" * 99)
    _write(path, b"second\n", bytes_max=100)
    _write(path, b"third\n", bytes_max=100)

    assert path.read_text() == "third\n"
    assert path.with_name("postgres.log.1").read_text() == "y" * 99 + "second\n"
    assert sorted(tmp_path.iterdir()) == [path, path.with_name("postgres.log.1")]


def test_only_a_few_last_lines_are_returned(tmp_path: Path) -> None:
    log = _write(tmp_path / "postgres.log", b"".join(b"line %d\n" % number for number in range(1000)))

    assert log.last_lines().splitlines() == [f"line {number}" for number in range(988, 1000)]


def test_a_symbolic_link_instead_of_the_file_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("untouched")
    (tmp_path / "postgres.log").symlink_to(target)

    log = _write(tmp_path / "postgres.log", b"one\n")

    assert target.read_text() == "untouched"
    assert log.last_lines() == "one"


def test_a_full_disk_only_loses_log_lines() -> None:
    log = _write(Path("/dev/full"), b"one\n" * 10_000)

    assert log.last_lines().splitlines()[-1] == "one"


def _write(path: Path, content: bytes, *, bytes_max: int = 1_000_000) -> BoundedLog:
    log = BoundedLog(path, bytes_max=bytes_max)
    read_end, write_end = os.pipe()
    log.follow(os.fdopen(read_end, "rb", buffering=0))
    with os.fdopen(write_end, "wb") as writer:
        writer.write(content)
    log.finish(timeout_s=TIMEOUT_S)
    return log
