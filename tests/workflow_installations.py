"""An installation that runs workflows of several organisations, for end-to-end tests."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx

from git_http_servers import make_repository
from http_api import Api, Json
from in_process import create_key
from installations import Installation
from ninefold.core.postgres.database import Database
from workflow_repositories import clone_url, create_repository, git_done

MIRRORS: Final = Path(os.environ.get("NINEFOLD_TEST_MIRRORS", "absent"))
"""A folder with `<owner>+<repository>/repo`: mirrors of GitHub's own actions, which aren't in this repository."""

WITHIN_S: Final = 120.0


class Running:
    """An installation, and organisations in it."""

    def __init__(self, installation: Installation, database: Database, http: httpx.AsyncClient, folder: Path) -> None:
        self.installation = installation
        self.database = database
        self.http = http
        self.folder = folder

    async def organisation(self, name: str) -> Api:
        """Create an organisation."""
        return Api(self.http, await create_key(self.database, organisation=name))

    async def push_files(self, api: Api, name: str, files: dict[str, str], *refs: str) -> None:
        """Push files to a new repository."""
        repository = await create_repository(api, name)
        work = self.folder / repository["full_name"]
        make_repository(work, files)
        url = clone_url(str(self.http.base_url), repository["full_name"], api.api_key)
        await git_done(work, "push", url, "main", *refs)

    async def push(self, organisation: str, files: dict[str, str]) -> tuple[Api, Json]:
        """Push files to a new repository of a new organisation; return its only run when it has ended."""
        api = await self.organisation(organisation)
        await self.push_files(api, "storefront", files)
        return api, await self.only_run(api)

    async def only_run(self, api: Api) -> Json:
        """Return the run of an organisation when it has ended."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                runs = (await api.get("/workflows/runs"))["items"]
                if runs and runs[0]["ended_at"]:
                    run: Json = runs[0]
                    return run
                await asyncio.sleep(0.1)

    async def logs(self, api: Api, run: Json) -> dict[str, str]:
        """Return the logs of a run's jobs by their names."""
        jobs = (await api.get(f"/workflows/runs/{run['run_id']}/jobs"))["items"]
        return {job["key"]: await self._log(api, job["job_id"]) for job in jobs}

    async def _log(self, api: Api, job_id: str) -> str:
        response = await api.request("GET", f"/workflows/jobs/{job_id}/log.txt")
        assert response.is_success, response.text
        return response.text


def copy_mirrors(folder: Path, versions: Mapping[str, str]) -> set[str]:
    """Copy the mirrors of GitHub's own actions that have these versions; return their names."""
    copied = set()
    for name, version in versions.items():
        source = MIRRORS / f"actions+{name}" / "repo"
        # A mirror may lack its largest files, and then can't be used.
        if source.is_dir() and _is_whole(source, version):
            shutil.copytree(source, folder / "actions" / f"{name}.git")
            copied.add(name)
    return copied


def _is_whole(mirror: Path, version: str) -> bool:
    command = ["git", "-c", "safe.directory=*", "-C", str(mirror), "archive", "--format=tar", version]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
