"""A small imitation of the services for artifacts, for tests: Twirp with JSON, and blobs at signed URLs."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from ninefold.systems.workflows.execution.order import Services


def _part(claims: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")


TOKEN = f"{_part({'alg': 'none'})}.{_part({'scp': 'Other Actions.Results:run-1:job-1'})}.signature"


class ResultsServices:
    """What the services have, and how they fail."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.artifacts: dict[str, dict[str, Any]] = {}
        self.blobs: dict[str, bytes] = {}
        self.caches: dict[tuple[str, str], str] = {}
        self.types: dict[str, str] = {}
        self.blocks: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.failures = 0
        """How many of the next requests are answered with 503."""

    @property
    def services(self) -> Services:
        # Official clients accept a server only if its name is below `localhost`, as it is in jobs.
        return Services(results_url=f"{self.url}/".replace("127.0.0.1", "ninefold.localhost"), token=TOKEN)

    def put(self, name: str, content: bytes) -> None:
        """Store an artifact, as another job would."""
        self.blobs[name] = content
        self.artifacts[name] = self._artifact(name) | {"size": str(len(content))}
        self.artifacts[name]["digest"] = f"sha256:{hashlib.sha256(content).hexdigest()}"

    def call(self, method: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls.append(method)
        if "Cache" in method:
            return self._call_cache(method, message)
        if message["workflow_run_backend_id"] != "run-1" or message["workflow_job_run_backend_id"] != "job-1":
            return 403, {"code": "permission_denied", "msg": "another job"}
        name = message.get("name", "")
        if method == "CreateArtifact":
            return self._create(name, message)
        if method == "ListArtifacts":
            wanted, wanted_id = message.get("name_filter"), message.get("id_filter")
            found = [each for key, each in self.artifacts.items() if wanted in {None, key}]
            return 200, {"artifacts": [each for each in found if wanted_id in {None, each["database_id"]}]}
        return self._call_existing(method, message) if name in self.artifacts else _error(404, "not_found")

    def _call_cache(self, method: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        entry = (message["key"], message["version"])
        name = f"cache-{hashlib.sha256('|'.join(entry).encode()).hexdigest()}"
        if method == "CreateCacheEntry":
            if entry in self.caches:
                return _error(409, "already_exists")
            return 200, {"ok": True, "signed_upload_url": f"{self.url}/blobs/{name}?sig=secret"}
        if method == "FinalizeCacheEntryUpload":
            assert message["size_bytes"] == str(len(self.blobs[name]))
            self.caches[entry] = name
            return 200, {"ok": True, "entry_id": "1"}
        assert method == "GetCacheEntryDownloadURL"
        for prefix in (message["key"], *message["restore_keys"]):
            for (key, version), blob in reversed(self.caches.items()):
                if version == message["version"] and (
                    key == prefix or (prefix != message["key"] and key.startswith(prefix))
                ):
                    url = f"{self.url}/blobs/{blob}?sig=secret"
                    return 200, {"ok": True, "signed_download_url": url, "matched_key": key}
        return 200, {"ok": False}

    def _create(self, name: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name in self.artifacts:
            return _error(409, "already_exists")
        self.artifacts[name] = self._artifact(name) | {"expires_at": message.get("expires_at")}
        return 200, {"ok": True, "signed_upload_url": f"{self.url}/blobs/{name}?sig=secret"}

    def _call_existing(self, method: str, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = message["name"]
        if method == "FinalizeArtifact":
            assert message["size"] == str(len(self.blobs[name]))
            assert message["hash"] == f"sha256:{hashlib.sha256(self.blobs[name]).hexdigest()}"
            self.artifacts[name]["digest"] = message["hash"]
            return 200, {"ok": True, "artifact_id": self.artifacts[name]["database_id"]}
        if method == "DeleteArtifact":
            return 200, {"ok": True, "artifact_id": self.artifacts.pop(name)["database_id"]}
        assert method == "GetSignedArtifactURL"
        return 200, {"signed_url": f"{self.url}/blobs/{name}?sig=secret"}

    def _artifact(self, name: str) -> dict[str, Any]:
        ids = {"workflow_run_backend_id": "run-1", "workflow_job_run_backend_id": "job-1"}
        return {**ids, "database_id": str(len(self.calls) + 1), "name": name}

    def put_blob(self, name: str, query: dict[str, list[str]], body: bytes) -> None:
        if query["comp"] == ["block"]:
            self.blocks[query["blockid"][0]] = body
        else:
            ids = re.findall("<Latest>([^<]+)</Latest>", body.decode())
            self.blobs[name] = b"".join(self.blocks[each] for each in ids)


def _error(status: int, code: str) -> tuple[int, dict[str, Any]]:
    return status, {"code": code, "msg": code}


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[ResultsServices]

    def do_POST(self) -> None:
        body = self._body()
        if self.headers["authorization"] != f"Bearer {TOKEN}":
            self._answer(401, b"{}")
        elif self._is_available():
            status, answer = self.state.call(self.path.rpartition("/")[2], json.loads(body))
            self._answer(status, json.dumps(answer).encode())

    def do_PUT(self) -> None:
        body, address = self._body(), urlsplit(self.path)
        if self._is_available():
            name = address.path.rpartition("/")[2]
            self.state.put_blob(name, parse_qs(address.query), body)
            self.state.types[name] = self.headers.get("x-ms-blob-content-type") or "application/octet-stream"
            self._answer(201, b"")

    def do_GET(self) -> None:
        if self._is_available():
            name = urlsplit(self.path).path.rpartition("/")[2]
            self._answer(200, self.state.blobs[name], self.state.types.get(name, "application/zip"))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's.
        pass

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def _is_available(self) -> bool:
        if not self.state.failures:
            return True
        self.state.failures -= 1
        self._answer(503, b"")
        return False

    def _answer(self, status: int, content: bytes, media_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serve_results() -> Iterator[ResultsServices]:
    """Serve an empty imitation until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    state = ResultsServices(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"state": state})
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
