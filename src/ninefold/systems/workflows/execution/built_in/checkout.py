"""The action `checkout`: fetches a repository into the workspace, and checks a commit out."""

import base64
import os
import re
import shutil
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from ninefold.systems.workflows.execution.built_in.git_commands import Git
from ninefold.systems.workflows.execution.built_in.git_refs import Target, find_target
from ninefold.systems.workflows.execution.built_in.results_client import local_request
from ninefold.systems.workflows.execution.built_in.toolkit import (
    ActionFailedError,
    flag_input,
    mask,
    number_input,
    run_program,
    save_state,
    saved_state,
    say,
    set_output,
    text_input,
    variable,
)

DEPTH_MAX: Final = 2_147_483_647

_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_LOCKS: Final = ("index.lock", "shallow.lock")
_REFS: Final = "/info/refs?service=git-upload-pack"
_TIMEOUT_S: Final = 30.0
_UNSUPPORTED: Final = ("lfs", "submodules")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The inputs."""

    url: str
    folder: Path
    ref: str
    is_own: bool
    """Whether the repository is that of the run."""
    depth: int
    """0 for all commits."""
    has_tags: bool
    has_progress: bool
    is_cleaned: bool
    keeps_credentials: bool
    is_safe: bool


def check_out() -> None:
    """Check out what the inputs say."""
    settings = read_settings()
    credentials = _write_credentials(settings.url)
    save_state({"credentials": str(credentials or ""), "folder": str(settings.folder)})
    try:
        git = Git(settings.folder, credentials)
        _prepare(git, settings)
        target = find_target(
            git,
            ref=settings.ref,
            url=settings.url,
            own_ref=os.environ.get("GITHUB_REF", "") if settings.is_own else "",
            own_commit=variable("GITHUB_SHA") if settings.is_own else "",
        )
        _fetch(git, settings, target)
        _check_out_target(git, target)
        if settings.keeps_credentials and credentials is not None:
            git.output("config", "--local", "--add", "include.path", str(credentials))
    finally:
        if not settings.keeps_credentials and credentials is not None:
            credentials.unlink(missing_ok=True)
    if settings.is_safe:
        _trust(git)
    commit = git.output("rev-parse", "HEAD")
    say(f"{commit} is checked out in {settings.folder}.")
    set_output("ref", settings.ref or target.ref or commit)
    set_output("commit", commit)


def remove_credentials() -> None:
    """Remove the token from the repository and from the disk."""
    file, folder = saved_state("credentials"), Path(saved_state("folder"))
    if not file:
        return
    Path(file).unlink(missing_ok=True)
    if (folder / ".git").exists():
        git = Git(folder)
        if git.succeeds("config", "--local", "--unset-all", "include.path", f"^{re.escape(file)}$"):
            say(f"The credentials are removed from {folder}.")


def read_settings() -> Settings:
    """Return the inputs.

    Raises:
        ActionFailedError: one of them is invalid, or isn't supported.
    """
    for name in _UNSUPPORTED:
        if text_input(name).lower() not in {"", "false"}:
            raise ActionFailedError(
                f"Ninefold's own actions/checkout has no {name}. The official one has: add a mirror of it."
            )
    repository = text_input("repository")
    if not _REPOSITORY.fullmatch(repository):
        raise ActionFailedError(f"The input repository is '{repository}', but must be <owner>/<name>.")
    depth = number_input("fetch-depth", least=0, most=DEPTH_MAX)
    return Settings(
        url=_find_url(variable("GITHUB_SERVER_URL").rstrip("/"), quote(repository)),
        folder=_folder(),
        ref=text_input("ref"),
        is_own=repository.lower() == variable("GITHUB_REPOSITORY").lower(),
        depth=1 if depth is None else depth,
        has_tags=flag_input("fetch-tags"),
        has_progress=flag_input("show-progress"),
        is_cleaned=flag_input("clean"),
        keeps_credentials=flag_input("persist-credentials"),
        is_safe=flag_input("set-safe-directory"),
    )


def _find_url(server: str, repository: str) -> str:
    """Return the address of a repository: GitHub's form, which jobs in a sandbox have, or else Ninefold's own."""
    urls = f"{server}/{repository}", f"{server}/git/{repository}.git"
    return next((url for url in urls if not _is_absent(url)), urls[0])


def _is_absent(url: str) -> bool:
    """Return whether the server says that there is no such address. What else is wrong, git says better."""
    try:
        with urllib.request.urlopen(local_request(f"{url}{_REFS}"), timeout=_TIMEOUT_S):  # noqa: S310 - the job's own server.
            return False
    except urllib.error.HTTPError as error:
        return error.code == HTTPStatus.NOT_FOUND
    except OSError:
        return False


def _folder() -> Path:
    workspace = Path(variable("GITHUB_WORKSPACE")).resolve()
    folder = (workspace / text_input("path")).resolve()
    if not folder.is_relative_to(workspace):
        raise ActionFailedError(f"The input path is '{text_input('path')}', which isn't in the workspace.")
    return folder


def _write_credentials(url: str) -> Path | None:
    """Write git's configuration with the token, and return the file; None without a token."""
    token = text_input("token")
    if not token:
        return None
    header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    mask(header)
    address = urlsplit(url)
    file = Path(variable("RUNNER_TEMP")) / f"git-credentials-{uuid.uuid4()}.config"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(f'[http "{address.scheme}://{address.netloc}/"]\n\textraheader = AUTHORIZATION: basic {header}\n')
    return file


def _prepare(git: Git, settings: Settings) -> None:
    """Make the folder a repository with the remote `origin`; one of the same URL is used again."""
    settings.folder.mkdir(parents=True, exist_ok=True)
    if not (settings.folder / ".git").is_dir() or not _can_be_used_again(git, settings):
        _empty(settings.folder)
        git.output("init", "--quiet", "--initial-branch=main", ".")
        git.output("remote", "add", "origin", settings.url)
    git.output("config", "--local", "gc.auto", "0")


def _can_be_used_again(git: Git, settings: Settings) -> bool:
    if not git.succeeds("config", "--local", "--get", "remote.origin.url", f"^{re.escape(settings.url)}$"):
        return False
    for name in _LOCKS:
        (settings.folder / ".git" / name).unlink(missing_ok=True)
    if not settings.is_cleaned or not git.succeeds("rev-parse", "--verify", "--quiet", "HEAD"):
        return True
    return git.succeeds("clean", "-ffdx") and git.succeeds("reset", "--hard", "HEAD")


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _fetch(git: Git, settings: Settings, target: Target) -> None:
    options = ["--prune", "--progress" if settings.has_progress else "--no-progress", "--no-recurse-submodules"]
    if settings.depth:
        tags = ["+refs/tags/*:refs/tags/*"] if settings.has_tags else []
        git.fetch("--no-tags", *options, f"--depth={settings.depth}", "origin", target.refspec, *tags)
        return
    is_shallow = git.output("rev-parse", "--is-shallow-repository") == "true"
    everything = ["+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"]
    git.fetch("--no-tags", *options, *["--unshallow"] * is_shallow, "origin", *everything)
    if not _is_here(git, target):
        git.fetch("--no-tags", "--no-recurse-submodules", "origin", target.commit or target.refspec)


def _is_here(git: Git, target: Target) -> bool:
    return git.succeeds("cat-file", "-e", f"{target.commit or target.local_ref}^{{commit}}")


def _check_out_target(git: Git, target: Target) -> None:
    start = target.commit or target.local_ref
    if not target.branch:
        git.run("checkout", "--force", "--detach", start)
        return
    git.run("checkout", "--force", "-B", target.branch, start)
    if git.succeeds("rev-parse", "--verify", "--quiet", target.local_ref):
        git.output("branch", "--quiet", f"--set-upstream-to=origin/{target.branch}", target.branch)


def _trust(git: Git) -> None:
    """Tell git to accept the folder in later steps, if another user owns it."""
    if git.folder.stat().st_uid != os.geteuid():
        git.output("config", "--global", "--add", "safe.directory", str(git.folder))


if __name__ == "__main__":
    run_program(main=check_out, post=remove_credentials)
