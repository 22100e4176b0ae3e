"""The client of Ninefold's own HTTP API that the commands use: JSON in, JSON out, problems as errors."""

from types import TracebackType
from typing import Any, Self

import httpx
import msgspec

from ninefold.core.errors import InvalidInputError, NinefoldError, UnavailableError

TIMEOUT_S = 30.0
"""How long a command waits for an answer."""


class ApiProblemError(NinefoldError):
    """The server refused a request, and said why."""

    code = "api_problem"
    title = "The server refused the request"


class ApiClient:
    """Sends requests with an API key.

    Args:
        base_url: scheme, host and port of the server.
        api_key: sent as `Authorization: Bearer …`.
        transport: how requests travel; tests put the application itself here.
    """

    def __init__(self, *, base_url: str, api_key: str, transport: httpx.BaseTransport | None = None) -> None:
        self._base_url = base_url.rstrip("/")
        self._http = httpx.Client(
            headers={"Authorization": f"Bearer {api_key}", "Accept": "application/json"},
            timeout=TIMEOUT_S,
            transport=transport,
            # A server of one's own is reached directly, whatever proxy the rest of the machine uses.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int | None) -> Any:
        """Return the decoded answer of `GET path?query`; None in the query means "not given"."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Any:
        """Return the decoded answer of `POST path` with a JSON body, or with none."""
        return self.request("POST", path, content=_encode(body))

    def patch(self, path: str, body: object) -> Any:
        """Return the decoded answer of `PATCH path` with a JSON body."""
        return self.request("PATCH", path, content=_encode(body))

    def delete(self, path: str) -> None:
        """Send `DELETE path`."""
        self.request("DELETE", path)

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int | None] | None = None,
        content: bytes | None = None,
    ) -> Any:
        """Send a request whose body, where there is one, is JSON text already.

        Returns:
            The decoded JSON of the answer; None where it has no body.

        Raises:
            ApiProblemError: the server refused; carries its words, its field and its remedy.
            UnavailableError: nothing answers at the address.
            InvalidInputError: the address isn't one.
        """
        try:
            response = self._http.request(
                method,
                f"{self._base_url}{path}",
                params={name: value for name, value in (query or {}).items() if value is not None},
                content=content,
                headers={"Content-Type": "application/json"} if content is not None else None,
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise InvalidInputError(
                f"{self._base_url} is not the address of a server.",
                field="NINEFOLD_URL",
                remedy="Use the form http://127.0.0.1:8900.",
            ) from error
        except httpx.TimeoutException as error:
            raise UnavailableError(
                f"{self._base_url} didn't answer within {TIMEOUT_S:.0f} s.",
                remedy="See its log, and try again; a repeated publish with an idempotency key does no harm.",
            ) from error
        except httpx.TransportError as error:
            raise UnavailableError(
                f"Nothing answers at {self._base_url} ({error}).",
                field="NINEFOLD_URL",
                remedy="Start it with `ninefold up`, or name another address with --server or NINEFOLD_URL.",
            ) from error
        if response.is_success:
            return _decode(response)
        raise _problem(response)


def _encode(body: object) -> bytes | None:
    return None if body is None else msgspec.json.encode(body)


def _decode(response: httpx.Response) -> Any:
    if not response.content:
        return None
    try:
        return msgspec.json.decode(response.content)
    except msgspec.DecodeError as error:
        raise ApiProblemError(
            f"{response.url} answered something that isn't JSON.",
            remedy="Check that --server or NINEFOLD_URL names a Ninefold server.",
        ) from error


def _problem(response: httpx.Response) -> ApiProblemError:
    """Read an RFC 9457 problem; whatever else answered is described by its status."""
    try:
        problem = msgspec.json.decode(response.content, type=dict[str, object])
    except msgspec.MsgspecError:
        problem = {}
    detail = problem.get("detail") or problem.get("title")
    if not isinstance(detail, str):
        detail = f"{response.url} answered {response.status_code} {response.reason_phrase}."
    return ApiProblemError(detail, field=_text(problem.get("field")), remedy=_text(problem.get("remedy")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
