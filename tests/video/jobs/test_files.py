"""Working folders: each is removed by the task that made it, or by the next worker if that was killed."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ninefold.systems.video.jobs.files import FOLDER_PREFIX, remove_abandoned_folders, working_folder

SCRIPT = """
import sys, time
from ninefold.systems.video.jobs.files import working_folder
with working_folder() as folder:
    (folder / "piece").write_bytes(b"x")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_in_use_stays_and_is_removed_at_its_end(temporary: Path) -> None:
    with working_folder() as folder:
        (folder / "piece").write_bytes(b"x")
        assert remove_abandoned_folders() == 0
        assert (folder / "piece").exists()
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed(temporary: Path) -> None:
    (temporary / f"{FOLDER_PREFIX}file").touch()
    (temporary / f"{FOLDER_PREFIX}link").symlink_to(temporary)
    command = [sys.executable, "-c", SCRIPT]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={"TMPDIR": str(temporary)}) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        assert folder.parent == temporary
        assert remove_abandoned_folders() == 0
        process.kill()

    assert remove_abandoned_folders() == 1
    assert not folder.exists()
    assert len(list(temporary.iterdir())) == 2
