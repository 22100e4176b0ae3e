"""A client of the services for artifacts and caches: Twirp with JSON, and blobs at signed URLs as Azure has them."""

import base64
import binascii
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError, mask, say

ATTEMPTS_MAX: Final = 5
"""How often something is sent before the step fails."""

BLOCK_BYTES: Final = 8 * 1024 * 1024
"""What is uploaded in one request."""

ANSWER_BYTES_MAX: Final = 16 * 1024 * 1024
"""An answer of a service, which isn't a blob."""

_LOCAL: Final = ".localhost"
_VERSION_HEADER: Final = "x-ms-version"
_VERSION: Final = "2024-11-04"
_TIMEOUT_S: Final = 120.0
_PAUSE_S: Final = 0.5
_RETRIED: Final = frozenset({408, 429, 500, 502, 503, 504})
_SCOPE: Final = "Actions.Results:"
_SCOPE_PARTS: Final = 3

Message = Mapping[str, Any]
"""A message of a service: JSON."""


class ServiceError(ActionFailedError):
    """A service has refused something.

    Args:
        message: what it says.
        code: Twirp's code, such as `already_exists`.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class ResultsClient:
    """Calls the methods of one service for this job.

    Args:
        service: its name, such as `ArtifactService`.

    Raises:
        ActionFailedError: the job has no services.
    """

    def __init__(self, service: str) -> None:
        address, self._token = os.environ.get("ACTIONS_RESULTS_URL"), os.environ.get("ACTIONS_RUNTIME_TOKEN")
        if not address or not self._token:
            raise ActionFailedError(
                "There are no services for artifacts and caches: a local run has none. Push to a server to use them."
            )
        mask(self._token)
        self._url = f"{address.rstrip('/')}/twirp/github.actions.results.api.v1.{service}"
        run, job = _backend_ids(self._token)
        self.ids: Final = {"workflow_run_backend_id": run, "workflow_job_run_backend_id": job}
        """The fields that say whose artifact it is."""

    def call(self, method: str, **fields: str | int | list[str] | None) -> Message:
        """Call a method, and return its answer. Fields that are None are left out.

        Raises:
            ServiceError: the service refuses it.
            ActionFailedError: it can't be reached.
        """
        message = {name: value for name, value in fields.items() if value is not None}
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        answer = _send("POST", f"{self._url}/{method}", json.dumps(message).encode(), headers)
        decoded = json.loads(answer or b"{}")
        if not isinstance(decoded, dict):
            raise ActionFailedError(f"{method} has answered with something else than an object.")
        return decoded


def upload_blob(url: str, file: Path, *, media_type: str) -> None:
    """Upload a file in blocks; a download has the media type with it.

    Raises:
        ActionFailedError: that fails, also when it is tried again.
    """
    separator = "&" if "?" in url else "?"
    ids: list[str] = []
    with file.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            ids.append(base64.b64encode(f"{uuid.uuid4().hex}{len(ids):08d}".encode()).decode())
            _send("PUT", f"{url}{separator}comp=block&blockid={urllib.parse.quote(ids[-1], safe='')}", block, {})
    items = "".join(f"<Latest>{each}</Latest>" for each in ids)
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{items}</BlockList>'
    headers = {"Content-Type": "application/xml", "x-ms-blob-content-type": media_type}
    _send("PUT", f"{url}{separator}comp=blocklist", body.encode(), headers)


def download_blob(url: str, target: Path) -> str:
    """Download a blob into a new file, and return its media type; empty if it has none.

    Raises:
        ActionFailedError: that fails, also when it is tried again.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            with urllib.request.urlopen(local_request(url), timeout=_TIMEOUT_S) as answer, target.open("wb") as file:  # noqa: S310 - the service's.
                while block := answer.read(BLOCK_BYTES):
                    file.write(block)
                return str(answer.headers.get("content-type") or "").partition(";")[0].strip().lower()
        except urllib.error.HTTPError as error:
            if error.code not in _RETRIED or attempt == ATTEMPTS_MAX:
                raise ActionFailedError(f"The download was refused with status {error.code}.") from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS_MAX:
                raise ActionFailedError(f"The download failed: {error}") from error
        _wait(attempt)
    raise AssertionError("the last attempt returns or raises")


def _send(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    for attempt in range(1, ATTEMPTS_MAX + 1):
        request = local_request(url, method=method, body=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                content: bytes = answer.read(ANSWER_BYTES_MAX)
                return content
        except urllib.error.HTTPError as error:
            if error.code not in _RETRIED or attempt == ATTEMPTS_MAX:
                raise _refusal(error) from error
        except (OSError, http.client.HTTPException) as error:
            if attempt == ATTEMPTS_MAX:
                raise ActionFailedError(f"The service can't be reached: {error}") from error
        _wait(attempt)
    raise AssertionError("the last attempt returns or raises")


def local_request(
    url: str, *, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] = {}
) -> urllib.request.Request:
    """Return a request. Names below `localhost` are this machine (RFC 6761, 6.3), which not every resolver knows."""
    address = urllib.parse.urlsplit(url)
    sent = {_VERSION_HEADER: _VERSION, **headers}
    if (address.hostname or "").endswith(_LOCAL):
        sent["Host"] = address.netloc
        port = f":{address.port}" if address.port else ""
        url = urllib.parse.urlunsplit(address._replace(netloc=f"127.0.0.1{port}"))
    return urllib.request.Request(url, body, sent, method=method)  # noqa: S310 - the job's own service.


def _wait(attempt: int) -> None:
    pause_s = _PAUSE_S * 2 ** (attempt - 1)
    say(f"Trying again in {pause_s:g} s.")
    time.sleep(pause_s)


def _refusal(error: urllib.error.HTTPError) -> ServiceError:
    try:
        answer = json.loads(error.read(ANSWER_BYTES_MAX))
        return ServiceError(str(answer["msg"]), code=str(answer["code"]))
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"The service has answered with status {error.code}.", code="unknown")


def _backend_ids(token: str) -> tuple[str, str]:
    """Return the ids of the run and the job that the token is for."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        for scope in claims["scp"].split(" "):
            parts = scope.split(":")
            if scope.startswith(_SCOPE) and len(parts) == _SCOPE_PARTS:
                return parts[1], parts[2]
    except (IndexError, KeyError, ValueError, AttributeError, TypeError, binascii.Error) as error:
        raise ActionFailedError("The token of the job can't be read.") from error
    raise ActionFailedError("The token of the job isn't one for artifacts and caches.")
