"""Serves one repository over HTTP to this machine, so that an unmodified `actions/checkout` can fetch from it."""

import base64
import hmac
import os
import secrets
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, Final

import msgspec

from ninefold.systems.workflows.commands.local.repository import LocalRepository

_BODY_BYTES_MAX: Final = 64 * 1024 * 1024
"""Of a request; what a client asks for is much smaller."""

_SERVICES: Final = ("/info/refs", "/git-upload-pack")
"""The paths that read. There is none that writes."""


class GitServer(msgspec.Struct, frozen=True):
    """A server that runs: its address, and the token that it asks for."""

    url: str
    token: str


@contextmanager
def serve(repository: LocalRepository) -> Iterator[GitServer]:
    """Serve a repository, under its name, until the block ends."""
    token = secrets.token_hex(20)
    credentials = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    handler = type("Handler", (_Handler,), {"repository": repository, "credentials": credentials})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="git-server", daemon=True)
    thread.start()
    try:
        yield GitServer(f"http://localhost:{server.server_port}", token)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Passes requests to `git http-backend`."""

    repository: ClassVar[LocalRepository]
    credentials: ClassVar[str]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's.
        """Log nothing: the output of git says what went wrong."""

    def _answer(self) -> None:
        path, _, query = self.path.partition("?")
        service = path.removeprefix(f"/{self.repository.name}").removeprefix(".git")
        size = int(self.headers.get("content-length") or 0)
        given = self.headers.get("authorization", "").partition(" ")[2]
        if not hmac.compare_digest(given.encode(), self.credentials.encode()):
            self._refuse(HTTPStatus.UNAUTHORIZED)
        elif service not in _SERVICES or size > _BODY_BYTES_MAX:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            self._send(_run_backend(self._environment(service, query), self.rfile.read(size)))

    def _environment(self, service: str, query: str) -> Mapping[str, str]:
        return {
            **self.repository.environment,
            "PATH_TRANSLATED": f"{self.repository.git_folder}{service}",
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("git-protocol") or "",
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("content-type") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("content-encoding") or "",
        }

    def _refuse(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("www-authenticate", 'Basic realm="ninefold"')
        self.send_header("content-length", "0")
        self.end_headers()

    def _send(self, answer: bytes) -> None:
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _run_backend(environment: Mapping[str, str], body: bytes) -> bytes:
    result = subprocess.run(
        ["git", "http-backend"],  # noqa: S607 - the git of this machine.
        env={**os.environ, **environment},
        input=body,
        capture_output=True,
        check=False,
    )
    return result.stdout
