"""The client of Ninefold's own HTTP API that the commands use: sends and receives JSON, raises problems as errors."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx
import msgspec

from ninefold.core.commands.server_events import ServerEvent, read_server_events
from ninefold.core.errors import InvalidInputError, NinefoldError, UnavailableError

T = TypeVar("T")

TIMEOUT_S = 30.0
"""How long a command waits for a response."""

STREAM_TIMEOUT_S = 40.0
"""How long nothing may come on a stream of events. The server sends a comment every 25 s."""

_TEMPORARY = frozenset({502, 503, 504})


class ApiProblemError(NinefoldError):
    """The server refused a request with a problem or an error status."""

    code = "api_problem"
    title = "The server refused the request"

    status: int = 0
    """The HTTP status that the server has sent."""

    retry_after_s: int | None = None
    """When to send the same request again, if the server has said so."""


class TemporaryProblemError(ApiProblemError):
    """The server, or a proxy before it, can't answer now: 502, 503 or 504."""

    code = "temporary_problem"


class NotNinefoldError(NinefoldError):
    """The response isn't one of a Ninefold server."""

    code = "not_ninefold"
    title = "Not a Ninefold server"

    def __init__(self, request: str, *, reason: str) -> None:
        super().__init__(
            f"This isn't a Ninefold server, or it has another version: {request} returned {reason}.",
            field="NINEFOLD_URL",
            remedy="Set the server's address with --server or NINEFOLD_URL, such as http://127.0.0.1:8900.",
        )


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    detail: str | None = None
    title: str | None = None
    field: str | None = None
    remedy: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a list, as the API returns it."""

    items: list[T]
    next_cursor: str | None


class SearchPage(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a search, as the API returns it."""

    items: list[T]
    next_cursor: str | None
    searched_back_to: datetime | None = None
    """How far back the search has looked, if it stopped before it had found enough."""


class ApiResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A successful response, with its unchanged bytes, so that commands can print exactly what was received."""

    request: str
    """Method and URL, for messages."""

    content: bytes
    headers: Mapping[str, str]

    def read(self, kind: type[T]) -> T:
        """Return the response decoded as a type; unknown fields are ignored.

        Raises:
            NotNinefoldError: the response doesn't match the type.
        """
        try:
            return msgspec.json.decode(self.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = f"an unexpected body ({error})" if self.content else "an empty body"
            raise NotNinefoldError(self.request, reason=reason) from error


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
            # The user's own server is reached directly, even if the environment sets a proxy.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int | None) -> ApiResponse:
        """Send `GET path?query` and return the response; None in the query means "not given"."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: object = None) -> ApiResponse:
        """Send `POST path` with a JSON body, or without one, and return the response."""
        return self.request("POST", path, content=None if body is None else encode_body(body))

    def patch(self, path: str, body: object) -> ApiResponse:
        """Send `PATCH path` with a JSON body, and return the response."""
        return self.request("PATCH", path, content=encode_body(body))

    def delete(self, path: str) -> None:
        """Send `DELETE path`.

        Raises:
            NotNinefoldError: the response has a body, so it is unknown what was done.
        """
        response = self.request("DELETE", path)
        if response.content:
            raise NotNinefoldError(response.request, reason="an unexpected body")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int | None] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiResponse:
        """Send a request, with a body that is already encoded as JSON if there is one; headers can say that it is not.

        Raises:
            ApiProblemError: the server refused; has its detail, its field and its remedy.
            NotNinefoldError: the response can't be decoded.
            UnavailableError: the server doesn't respond.
            InvalidInputError: the address is invalid, or something to send isn't valid text.
        """
        with self._explained(f"{method} {self._base_url}{path}"):
            response = self._http.request(
                method,
                f"{self._base_url}{path}",
                params={name: value for name, value in (query or {}).items() if value is not None},
                content=content,
                headers={**({"Content-Type": "application/json"} if content is not None else {}), **(headers or {})},
            )
        if not response.is_success:
            raise _problem(response)
        return ApiResponse(request=f"{method} {response.url}", content=response.content, headers=response.headers)

    def download(self, path: str) -> Iterator[bytes]:
        """Yield the content of `GET path` as it comes, however large it is.

        Raises:
            ApiProblemError, InvalidInputError, UnavailableError: as `request`; the connection can also break later.
        """
        url = f"{self._base_url}{path}"
        with self._explained(f"GET {url}"), self._http.stream("GET", url) as response:
            if not response.is_success:
                response.read()
                raise _problem(response)
            yield from response.iter_bytes()

    def events(self, path: str, *, last_id: str) -> Iterator[ServerEvent]:
        """Yield the server-sent events of `GET path` that follow an event, until the server ends the stream.

        Args:
            path: of the stream.
            last_id: the id of the last event that is known.

        Raises:
            ApiProblemError, InvalidInputError, UnavailableError: as `request`; the connection can also break later.
        """
        url = f"{self._base_url}{path}"
        headers = {"Accept": "text/event-stream", "Last-Event-ID": last_id}
        timeout = httpx.Timeout(TIMEOUT_S, read=STREAM_TIMEOUT_S)
        with self._explained(f"GET {url}"), self._http.stream("GET", url, headers=headers, timeout=timeout) as response:
            if not response.is_success:
                response.read()
                raise _problem(response)
            yield from read_server_events(response.iter_lines())

    @contextmanager
    def _explained(self, request: str) -> Iterator[None]:
        """Raise errors of the transport as errors that say what to do."""
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise InvalidInputError(
                f"{self._base_url} isn't the address of a server.",
                field="NINEFOLD_URL",
                remedy="Use the form http://127.0.0.1:8900.",
            ) from error
        except UnicodeEncodeError as error:
            raise _not_text(error) from error
        except httpx.DecodingError as error:
            raise NotNinefoldError(request, reason=f"a broken body ({error})") from error
        except httpx.TimeoutException as error:
            raise UnavailableError(
                f"{self._base_url} didn't respond within {TIMEOUT_S:.0f} s.",
                remedy="Check its log, and try again. It is safe to repeat a publish with an idempotency key.",
            ) from error
        except httpx.TransportError as error:
            raise UnavailableError(
                f"No server responds at {self._base_url} ({error}).",
                field="NINEFOLD_URL",
                remedy="Start it with `ninefold up`, or set another address with --server or NINEFOLD_URL.",
            ) from error


def encode_body(body: object) -> bytes:
    """Return a body as JSON text.

    Raises:
        InvalidInputError: a string in it isn't valid text.
    """
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError as error:
        raise _not_text(error) from error


def _not_text(error: UnicodeEncodeError) -> InvalidInputError:
    shown = ascii(error.object)
    return InvalidInputError(f"{shown} isn't valid UTF-8.", remedy="Encode the argument as UTF-8.")


def _problem(response: httpx.Response) -> ApiProblemError:
    """Decode an RFC 9457 problem; any other error response is described by its status."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = _Problem()
    detail = problem.detail or problem.title
    if detail is None:
        detail = f"{response.url} returned {response.status_code} {response.reason_phrase}."
    kind = TemporaryProblemError if response.status_code in _TEMPORARY else ApiProblemError
    error = kind(detail, field=problem.field, remedy=problem.remedy)
    error.status = response.status_code
    retry_after = response.headers.get("Retry-After", "")
    error.retry_after_s = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return error
