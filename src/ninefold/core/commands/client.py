"""The client of Ninefold's own HTTP API that the commands use: JSON in, JSON out, problems as errors."""

from collections.abc import Mapping
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx
import msgspec

from ninefold.core.errors import InvalidInputError, NinefoldError, UnavailableError

T = TypeVar("T")

TIMEOUT_S = 30.0
"""How long a command waits for an answer."""


class ApiProblemError(NinefoldError):
    """The server refused a request, and said why."""

    code = "api_problem"
    title = "The server refused the request"


class NotNinefoldError(NinefoldError):
    """Something answers at the address, and not as Ninefold does."""

    code = "not_ninefold"
    title = "Not a Ninefold server"

    def __init__(self, request: str, *, reason: str) -> None:
        super().__init__(
            f"What answered isn't a Ninefold server, or is one of another version: {request} gave {reason}.",
            field="NINEFOLD_URL",
            remedy="Name the server with --server or NINEFOLD_URL, such as http://127.0.0.1:8900.",
        )


class _Problem(msgspec.Struct, frozen=True, kw_only=True):
    detail: str | None = None
    title: str | None = None
    field: str | None = None
    remedy: str | None = None


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A part of a list, as every list of the API answers it."""

    items: list[T]
    next_cursor: str | None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A success, with the bytes that came, so that nothing in them changes on the way to the screen."""

    request: str
    """Method and address, for messages."""

    content: bytes
    headers: Mapping[str, str]

    def read(self, kind: type[T]) -> T:
        """Return the parts that a command needs; others are passed over.

        Raises:
            NotNinefoldError: they aren't there.
        """
        try:
            return msgspec.json.decode(self.content, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = f"something else than was expected ({error})" if self.content else "nothing"
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
            # A server of one's own is reached directly, whatever proxy the rest of the machine uses.
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int | None) -> Answer:
        """Return the answer of `GET path?query`; None in the query means "not given"."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: object = None) -> Answer:
        """Return the answer of `POST path` with a JSON body, or with none."""
        return self.request("POST", path, content=None if body is None else encode_body(body))

    def patch(self, path: str, body: object) -> Answer:
        """Return the answer of `PATCH path` with a JSON body."""
        return self.request("PATCH", path, content=encode_body(body))

    def delete(self, path: str) -> None:
        """Send `DELETE path`.

        Raises:
            NotNinefoldError: the answer has a body, so that it is unknown what was done.
        """
        answer = self.request("DELETE", path)
        if answer.content:
            raise NotNinefoldError(answer.request, reason="a body, where there should be none")

    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int | None] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Send a request whose body, where there is one, is JSON text already.

        Raises:
            ApiProblemError: the server refused; carries its words, its field and its remedy.
            NotNinefoldError: what answered can't be read.
            UnavailableError: nothing answers at the address.
            InvalidInputError: the address isn't one, or something to be sent isn't text.
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
        except UnicodeEncodeError as error:
            raise _not_text(error) from error
        except httpx.DecodingError as error:
            raise NotNinefoldError(f"{method} {self._base_url}{path}", reason=f"a broken body ({error})") from error
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
        if not response.is_success:
            raise _problem(response)
        return Answer(request=f"{method} {response.url}", content=response.content, headers=response.headers)


def encode_body(body: object) -> bytes:
    """Return a body as JSON text.

    Raises:
        InvalidInputError: a text in it has bytes that no character has.
    """
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError as error:
        raise _not_text(error) from error


def _not_text(error: UnicodeEncodeError) -> InvalidInputError:
    shown = ascii(error.object)
    return InvalidInputError(f"{shown} isn't text in UTF-8.", remedy="Give the argument in UTF-8.")


def _problem(response: httpx.Response) -> ApiProblemError:
    """Read an RFC 9457 problem; whatever else answered is described by its status."""
    try:
        problem = msgspec.json.decode(response.content, type=_Problem)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        problem = _Problem()
    detail = problem.detail or problem.title
    if detail is None:
        detail = f"{response.url} answered {response.status_code} {response.reason_phrase}."
    return ApiProblemError(detail, field=problem.field, remedy=problem.remedy)
