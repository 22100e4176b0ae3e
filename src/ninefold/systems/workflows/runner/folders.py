"""The folders of a runner: one for each job, which is removed with it, and the file with the runner's token."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from ninefold.core.errors import ConflictError
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder, RunnerInfo, Services
from ninefold.systems.workflows.service.fleet.protocol import Assignment
from ninefold.systems.workflows.service.runs.orders import make_order

_IDENTITY: Final = "runner.json"


class RunnerFolderTakenError(ConflictError):
    """Another runner uses the folder."""

    code = "runner_folder_taken"
    title = "Another runner uses the folder"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who the runner is, for its next start."""

    url: str
    runner_id: str
    token: str


class RunnerFolder:
    """The folder of one runner."""

    def __init__(self, path: Path) -> None:
        self.path: Final = path

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Have the folder for this process, and empty it of the jobs of an earlier one.

        Raises:
            RunnerFolderTakenError: another process has it.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunnerFolderTakenError(
                    f"Another runner uses {self.path}.", field="--folder", remedy="Give each runner its own --folder."
                ) from error
            shutil.rmtree(self._jobs, ignore_errors=True)
            yield

    def read_identity(self, *, url: str) -> Identity | None:
        """Return who the runner is at a server; None if it isn't registered there."""
        try:
            identity = msgspec.json.decode((self.path / _IDENTITY).read_bytes(), type=Identity)
        except (OSError, msgspec.DecodeError):
            return None
        return identity if identity.url == url else None

    def write_identity(self, identity: Identity) -> None:
        """Keep who the runner is, readable only for its user."""
        write_secret(self.path / _IDENTITY, msgspec.json.encode(identity))

    def forget_identity(self) -> None:
        """Remove what `write_identity` has kept."""
        (self.path / _IDENTITY).unlink(missing_ok=True)

    def order_of(self, assignment: Assignment, *, name: str, url: str) -> JobOrder:
        """Return the whole order of a job that runs here."""
        job = self._jobs / assignment.job_id
        # The path is part of what people see in logs, so it has the repository's name, as on GitHub.
        repository = Path(str(assignment.order.contexts["github"]["repository"])).name
        return make_order(
            assignment.order,
            folders=JobFolders(
                workspace=str(job / repository / repository),
                temp=str(job / "_temp"),
                tools=str(self.path / "tools" / assignment.organisation_id),
                actions=str(job / "_actions"),
            ),
            services=Services(results_url=f"{assignment.server_url or url}/", token=assignment.results_token),
            runner=RunnerInfo(name=name),
            variables=_variables(job / "_home"),
        )

    def remove_job(self, job_id: str) -> None:
        """Remove the folder of a job."""
        shutil.rmtree(self._jobs / job_id, ignore_errors=True)

    @property
    def _jobs(self) -> Path:
        return self.path / "jobs"


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that only its user can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)


def _variables(home: Path) -> dict[str, str]:
    """Return the environment of a job's processes: nothing of the runner's but where programs are."""
    home.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, "HOME": str(home), "CI": "true"}
