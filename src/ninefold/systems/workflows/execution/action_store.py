"""Gets the files of actions: from a folder of mirrors, since the internet may be absent, or from the workspace."""

import asyncio
import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.catalogue import find_built_in
from ninefold.systems.workflows.execution.errors import ActionError
from ninefold.systems.workflows.execution.order import HostedActions
from ninefold.systems.workflows.execution.references import LocalAction, Reference, RemoteAction
from ninefold.systems.workflows.execution.step_log import StepLog

_FILES: Final = ("action.yml", "action.yaml")
_SHA_LENGTH_MIN: Final = 7
_GIT_TIMEOUT_S: Final = 120.0


class ActionStore:
    """Unpacks actions into a folder of the job, each once.

    Args:
        folder: where they are unpacked.
        mirrors: a folder with `<owner>/<repo>.git` (bare) or `<owner>/<repo>` (a checkout, or only its files).
        workspace: where local actions are.
        hosted: where those of the job's own organisation are.
    """

    def __init__(
        self, folder: str, *, mirrors: str | None, workspace: str, hosted: HostedActions | None = None
    ) -> None:
        self._folder = Path(folder)
        self._mirrors = Path(mirrors) if mirrors else None
        self._workspace = Path(workspace)
        self._hosted = hosted
        self._unpacked: dict[tuple[str, str], Path] = {}

    async def get(self, reference: Reference, log: StepLog | None = None) -> Path:
        """Return the folder of an action, and say in the log which commit it is if it is unpacked now.

        Raises:
            ActionError: there is no such action.
        """
        if isinstance(reference, LocalAction):
            return (self._workspace / reference.path).resolve()
        key = (reference.name.lower(), reference.ref)
        if key not in self._unpacked:
            self._unpacked[key], message = await self._find(reference)
            if log is not None:
                log.write(message)
        return self._unpacked[key] / reference.path

    async def _find(self, reference: RemoteAction) -> tuple[Path, str]:
        """Return the folder, and what the log says about it."""
        source = self._find_mirror(reference)
        if source is None and self._hosted is not None and self._hosted.owner.lower() == reference.owner.lower():
            source = await self._fetch(reference, self._hosted)
        if source is None:
            own = find_built_in(reference)
            if own is None:
                raise self._not_found(reference)
            return own, f"No mirror has {reference.name}: Ninefold's own version is used for {reference}"
        folder, commit = await self._unpack(reference, source)
        return folder, f"Download action repository '{reference.name}@{reference.ref}' (SHA:{commit or 'unknown'})"

    async def _unpack(self, reference: RemoteAction, source: Path) -> tuple[Path, str]:
        """Return the folder, and the commit; files alone have none."""
        if not (source / ".git").exists() and not (source / "HEAD").exists():
            return source, ""
        commit = await self._resolve(source, reference)
        target = self._folder / reference.owner / reference.repository / commit
        if not target.exists():
            content = await _git(source, "archive", "--format=tar", commit)
            try:
                await asyncio.to_thread(_extract, content, target)
            except (tarfile.TarError, OSError) as error:
                raise ActionError(f"The action `{reference}` can't be unpacked: {error}") from error
        return target, commit

    async def _fetch(self, reference: RemoteAction, hosted: HostedActions) -> Path:
        """Return a bare repository with the version of an action that the server hosts."""
        target = self._folder / reference.owner / f"{reference.repository}@{reference.ref.replace('/', '_')}.git"
        url = f"{hosted.url}/{reference.owner}/{reference.repository}.git"
        await asyncio.to_thread(target.mkdir, parents=True, exist_ok=True)
        await _git(target, "init", "--quiet", "--bare", ".")
        try:
            await _git(target, "fetch", "--quiet", "--depth=1", "--", url, reference.ref, token=hosted.token)
        except ActionError as error:
            raise ActionError(f"Unable to resolve action `{reference}`: {error}") from error
        await _git(target, "update-ref", f"refs/tags/{reference.ref}", "FETCH_HEAD")
        return target

    def _find_mirror(self, reference: RemoteAction) -> Path | None:
        if self._mirrors is None:
            return None
        for name in (f"{reference.repository}.git", reference.repository):
            source = self._mirrors / reference.owner / name
            if source.is_dir():
                return source
        return None

    def _not_found(self, reference: RemoteAction) -> ActionError:
        if self._mirrors is None:
            return ActionError(
                f"Unable to resolve action `{reference}`: this runner has no mirror of {reference.name}. Add one with "
                "`ninefold workflows actions add`, or for a local run with `--actions-dir`."
            )
        return ActionError(
            f"Unable to resolve action `{reference}`, repository not found in {self._mirrors}. If you trust it: "
            f"git clone --bare https://github.com/{reference.name} {self._mirrors}/{reference.name}.git"
        )

    async def _resolve(self, source: Path, reference: RemoteAction) -> str:
        """Return the commit of a tag, a branch, or a SHA."""
        candidates = [f"refs/tags/{reference.ref}", f"refs/heads/{reference.ref}"]
        if len(reference.ref) >= _SHA_LENGTH_MIN and set(reference.ref) <= set("0123456789abcdef"):
            candidates.append(reference.ref)
        for candidate in candidates:
            try:
                output = await _git(source, "rev-parse", "--verify", "--quiet", f"{candidate}^{{commit}}")
            except ActionError:
                continue
            return output.decode().strip()
        raise ActionError(f"Unable to resolve action `{reference}`, unable to find version `{reference.ref}`")


def find_action_file(folder: Path, reference: Reference) -> Path:
    """Return the file that describes an action.

    Raises:
        ActionError: there is none, or the action runs in a container.
    """
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    if (folder / "Dockerfile").is_file():
        raise ActionError(f"The action '{reference}' runs in a container, and this runner has no containers")
    if isinstance(reference, LocalAction):
        raise ActionError(
            f"Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '{folder}'. "
            "Did you forget to run actions/checkout before running your local action?"
        )
    raise ActionError(f"Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action '{reference}'.")


def _extract(content: bytes, target: Path) -> None:
    # First elsewhere, so that a folder that exists is complete, also if two jobs do this at once.
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=target.parent))
    partial.chmod(0o755)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(partial, filter="data")
    try:
        partial.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(partial)


async def _git(repository: Path, *arguments: str, token: str | None = None) -> bytes:
    if shutil.which("git") is None:
        raise ActionError("Actions come from git repositories, and this runner has no git")
    process = await asyncio.create_subprocess_exec(
        "git",
        "-c",
        "safe.directory=*",
        "-C",
        str(repository),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **_authorization(token)},
    )
    try:
        output, error = await asyncio.wait_for(process.communicate(), _GIT_TIMEOUT_S)
    except TimeoutError:
        process.kill()
        raise ActionError(f"git {arguments[0]} took longer than {_GIT_TIMEOUT_S:.0f} s") from None
    if process.returncode:
        raise ActionError(f"git {arguments[0]} failed: {error.decode(errors='replace').strip()}")
    return output


def _authorization(token: str | None) -> dict[str, str]:
    """Return variables that give git a header, which other processes can't read as they could an argument."""
    if token is None:
        return {}
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}",
    }
