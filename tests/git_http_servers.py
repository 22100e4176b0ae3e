"""A git server for tests: repositories of a folder, over HTTP, by `git http-backend`."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return its output."""
    command = ["git", "-C", str(folder), *arguments]
    environment = {**os.environ, **IDENTITY}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def make_repository(folder: Path, files: dict[str, str], *, branch: str = "main") -> str:
    """Create a repository with one commit, and return its SHA."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", branch)
    return commit_files(folder, files)


def commit_files(folder: Path, files: dict[str, str]) -> str:
    """Write files, commit them, and return the SHA."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(folder, "add", "--all")
    git(folder, "commit", "-q", "-m", "files")
    return git(folder, "rev-parse", "HEAD")


def commit_often(folder: Path, count: int) -> None:
    """Add so many commits to the branch `main`, with one process of git; the files of the folder stay as they are."""
    commits = [
        f"commit refs/heads/main\ncommitter Ada <ada@example.com> {1_800_000_000 + number} +0000\ndata 0\n"
        + ("" if number else "from refs/heads/main^0\n")
        + f"M 644 inline number\ndata <<END\n{number}\nEND\n"
        for number in range(count)
    ]
    command = ["git", "-C", str(folder), "fast-import", "--quiet"]
    subprocess.run(command, env={**os.environ, **IDENTITY}, check=True, input="".join(commits), text=True)


@contextmanager
def serve_repositories(root: Path) -> Iterator[str]:
    """Serve `<root>/<owner>/<repository>`, and yield the URL of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._run_backend()

        def do_POST(self) -> None:
            self._run_backend()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's.
            pass

        def _run_backend(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            environment = {
                **os.environ,
                **IDENTITY,
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("git-protocol") or "",
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory",
                "GIT_CONFIG_VALUE_0": "*",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("content-type") or "",
                "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding") or "",
            }
            command = ["git", "http-backend"]
            answer = subprocess.run(command, env=environment, input=body, capture_output=True, check=True)
            head, _, content = answer.stdout.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
