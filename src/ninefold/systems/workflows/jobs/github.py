"""Fetches what happened at GitHub into the repository here, and starts workflows.

A push moves the same branch or tag here, so it is recorded and starts workflows as a push to Ninefold does. Commits of
a pull request get a ref that no client sees, and its workflows start in the transaction that marks the job as done.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ninefold.core.egress import EgressClient, EgressError
from ninefold.core.egress.target import Target, parse_target
from ninefold.core.jobs import JobFailedError, JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.workflows.errors import GitFailedError
from ninefold.systems.workflows.model.repositories import BRANCHES, INTERNAL_REFS, NO_SHA, Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.service.channels import Changed, notify_changed
from ninefold.systems.workflows.service.github import FETCH_GITHUB, FetchGitHub
from ninefold.systems.workflows.service.hosting.files import is_sha
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders, read_refs
from ninefold.systems.workflows.service.hosting.locks import push_lock
from ninefold.systems.workflows.service.hosting.opening import open_files
from ninefold.systems.workflows.service.hosting.programs import git_environment, run_git
from ninefold.systems.workflows.service.pushes import PUSHES_CHANNEL, begin_push, record_refs
from ninefold.systems.workflows.service.runs.triggers import start_runs
from ninefold.systems.workflows.service.secrets import job_variables
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.repositories import repository_get

LOOKUP_TIMEOUT_S: Final = 10.0

_DONE: Final = "done"


async def fetch_github(job: JobRun[FetchGitHub], context: WorkerContext[WorkflowsSettings]) -> None:
    """Fetch what an event is about, and start workflows.

    Raises:
        JobFailedError: the repository can't be fetched from, whenever it is tried.
        GitFailedError: it can't be fetched from now; the job is tried again.
    """
    async with context.database.connection() as connection:
        repository = await repository_get(connection, repository_id=job.payload.repository_id)
    if repository is None or repository.github_clone_url is None:
        return
    remote = await _open_remote(context.egress, repository.github_clone_url)
    if job.payload.event == "push":
        await _take_push(job, context, repository, remote)
    else:
        await _take_pull_request(job, context, repository, remote)


class _Remote:
    """A repository that is fetched from, at an address that was checked.

    Args:
        url: of the repository.
        target: the same, parsed.
        address: where a connection may be made to; git looks up no name itself.
    """

    def __init__(self, url: str, target: Target, address: str) -> None:
        self._url = url
        shown = f"[{address}]" if ":" in address else address
        self._environment = git_environment(
            {
                f"protocol.{target.scheme}.allow": "always",
                "http.curloptResolve": f"{target.host}:{target.port}:{shown}",
                "http.followRedirects": "false",
                "http.lowSpeedLimit": "1000",
                "http.lowSpeedTime": "60",
                "fetch.fsckObjects": "true",
                "credential.helper": "",
            }
        )

    async def fetch(self, folder: Path, *refs: str, timeout_s: float, pass_fds: Sequence[int] = ()) -> None:
        """Fetch refs, each as `what:where`.

        Raises:
            GitFailedError: it can't be reached, has none of these, or sends too much.
        """
        await run_git(
            folder,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--end-of-options",
            self._url,
            *refs,
            environment=self._environment,
            timeout_s=timeout_s,
            pass_fds=pass_fds,
        )


async def _open_remote(egress: EgressClient, url: str) -> _Remote:
    target = parse_target(url)
    try:
        addresses = await egress.addresses_of(target, timeout_s=LOOKUP_TIMEOUT_S)
    except EgressError as error:
        raise GitFailedError(
            f"{target.host} can't be fetched from: {error}", remedy="Correct github_clone_url of the repository."
        ) from error
    return _Remote(url, target, addresses[0])


async def _take_push(
    job: JobRun[FetchGitHub], context: WorkerContext[WorkflowsSettings], repository: Repository, remote: _Remote
) -> None:
    given = job.payload
    if not is_sha(given.after):
        raise JobFailedError(f"{given.after[:80]!r} isn't the SHA of a commit.")
    folder = await RepositoryFolders(context.settings.repositories_folder).open(repository)
    async with push_lock(folder) as lock:
        at = context.clock.now()
        refs = await read_refs(folder)
        async with context.database.transaction() as connection:
            await begin_push(connection, repository, refs=refs, pushed_by=given.actor, at=at)
        try:
            await _move_ref(folder, given, repository, remote, timeout_s=context.settings.git_timeout_s, lock=lock)
        finally:
            refs = await read_refs(folder)
            async with context.database.transaction() as connection:
                push = await record_refs(connection, repository.repository_id, refs=refs, at=context.clock.now())
    if push is not None:
        context.notifier.notify(PUSHES_CHANNEL)


async def _move_ref(
    folder: Path, given: FetchGitHub, repository: Repository, remote: _Remote, *, timeout_s: float, lock: int
) -> None:
    await run_git(folder, "check-ref-format", given.ref)
    if given.after == NO_SHA:
        if given.ref != f"{BRANCHES}{repository.default_branch}":
            await run_git(folder, "update-ref", "-d", given.ref)
        return
    await remote.fetch(folder, f"+{given.after}:{given.ref}", timeout_s=timeout_s, pass_fds=[lock])


async def _take_pull_request(
    job: JobRun[FetchGitHub], context: WorkerContext[WorkflowsSettings], repository: Repository, remote: _Remote
) -> None:
    if job.read_cursor(str) == _DONE:
        return
    given = job.payload
    request = given.pull_request
    number, head = int(request["number"]), str(request["head"]["sha"])
    base = str(request["base"]["sha"])
    if not is_sha(head) or not is_sha(base):
        raise JobFailedError("The pull request has no SHA of its head or its base.")
    folders = RepositoryFolders(context.settings.repositories_folder)
    folder = await folders.open(repository)
    sha = await _fetch_pull_request(
        folder, number, head=head, base=base, remote=remote, timeout_s=context.settings.git_timeout_s
    )
    event = _pull_request_event(given, sha=sha, server_url=context.settings.server_url)
    async with context.database.transaction() as connection:
        files = await open_files(connection, folders, repository)
        variables = await job_variables(
            connection, organisation_id=repository.organisation_id, repository_id=repository.repository_id
        )
        changed: Changed = await start_runs(
            connection, repository, event, files, at=context.clock.now(), variables=variables
        )
        await job.save(connection, cursor=_DONE)
    notify_changed(context.notifier, changed)


async def _fetch_pull_request(
    folder: Path, number: int, *, head: str, base: str, remote: _Remote, timeout_s: float
) -> str:
    """Return the commit that workflows run at: the merge of both sides if GitHub has made one, or else the head."""
    own = f"{INTERNAL_REFS}pull/{number}"
    await remote.fetch(folder, f"+refs/pull/{number}/head:{own}/head", f"+{base}:{own}/base", timeout_s=timeout_s)
    with suppress(GitFailedError):
        await remote.fetch(folder, f"+refs/pull/{number}/merge:{own}/merge", timeout_s=timeout_s)
        merge = (await run_git(folder, "rev-parse", f"{own}/merge^{{commit}}")).decode().strip()
        parents = (await run_git(folder, "rev-parse", f"{own}/merge^@")).decode().split()
        if head in parents:
            return merge
    await run_git(folder, "cat-file", "-e", f"{head}^{{commit}}")
    return head


def _pull_request_event(given: FetchGitHub, *, sha: str, server_url: str) -> TriggerEvent:
    request = given.pull_request
    head, base = request["head"], request["base"]
    number = request["number"]
    return TriggerEvent(
        name="pull_request",
        type=given.action,
        ref=f"refs/pull/{number}/merge",
        sha=sha,
        actor=given.actor,
        payload={"action": given.action, "number": number, "pull_request": request},
        before=base["sha"],
        head_branch=head["ref"],
        base_branch=base["ref"],
        title=request["title"] or None,
        # A repository that was deleted has no name: then nobody knows whose code it is.
        is_from_fork=not head["repo"]["full_name"]
        or head["repo"]["full_name"].lower() != base["repo"]["full_name"].lower(),
        server_url=server_url,
    )


FETCH_GITHUB_HANDLER: Final = JobHandler(FETCH_GITHUB, fetch_github)
