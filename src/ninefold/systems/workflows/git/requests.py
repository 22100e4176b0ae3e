"""What a request of git's smart HTTP protocol asks for."""

import re
from collections.abc import Iterable
from typing import Any, Final, Literal, TypeAlias

import msgspec

from ninefold.systems.workflows.errors import InvalidGitRequestError, RepositoryNotFoundError

GIT_PATH: Final = "/git"
ROUTE: Final = f"{GIT_PATH}/{{owner}}/{{repository}}.git"
"""What logs and metrics show instead of the path."""

Service: TypeAlias = Literal["git-upload-pack", "git-receive-pack"]
"""A fetch or a push, in git's words."""

Header: TypeAlias = tuple[bytes, bytes]

UPLOAD: Final = "git-upload-pack"
RECEIVE: Final = "git-receive-pack"

_PATH: Final = re.compile(
    r"/git/(?P<owner>[A-Za-z0-9-]{1,80})/(?P<name>[A-Za-z0-9._-]{1,100}?)(?:\.git)?"
    r"/(?P<rest>info/refs|git-upload-pack|git-receive-pack)"
)
_PROTOCOL: Final = re.compile(rb"version=[012]")


class GitRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a git client."""

    owner: str
    name: str
    service: Service
    is_advertisement: bool
    """Whether it asks for the refs (`info/refs`), before a fetch or a push."""
    protocol: str
    """The version that the client speaks, such as `version=2`; may be empty."""
    is_compressed: bool
    """Whether the body is compressed with gzip."""

    @property
    def is_push(self) -> bool:
        """Whether it is a push, or the advertisement before one."""
        return self.service == RECEIVE

    @property
    def program(self) -> str:
        """The subcommand of git."""
        return self.service.removeprefix("git-")

    @property
    def answer_type(self) -> str:
        """The media type of the answer."""
        kind = "advertisement" if self.is_advertisement else "result"
        return f"application/x-{self.service}-{kind}"


# Any, because the framework's scope is typed for its own needs.
def read_request(scope: Any) -> GitRequest:
    """Return what a request asks for.

    Raises:
        RepositoryNotFoundError: the path isn't one of the protocol.
        InvalidGitRequestError: the request isn't one of the smart protocol.
    """
    match = _PATH.fullmatch(scope["path"])
    if match is None:
        raise RepositoryNotFoundError(
            "There is no repository at this address.", remedy="Use an address such as …/git/acme/storefront.git."
        )
    is_advertisement = match["rest"] == "info/refs"
    service = _service_of(scope) if is_advertisement else _known_service(match["rest"])
    _check_method(scope["method"], is_advertisement=is_advertisement)
    headers: list[Header] = scope["headers"]
    if not is_advertisement:
        _check_type(headers, service)
    protocol = header_of(headers, b"git-protocol")
    return GitRequest(
        owner=match["owner"].lower(),
        name=match["name"],
        service=service,
        is_advertisement=is_advertisement,
        protocol=protocol.decode() if _PROTOCOL.fullmatch(protocol) else "",
        is_compressed=_is_compressed(headers),
    )


def header_of(headers: Iterable[Header], name: bytes) -> bytes:
    """Return the value of a header; empty if there is none."""
    return next((value for each, value in headers if each == name), b"")


def _service_of(scope: Any) -> Service:
    query = scope["query_string"].decode("latin-1")
    given = [part.removeprefix("service=") for part in query.split("&") if part.startswith("service=")]
    if len(given) != 1:
        raise InvalidGitRequestError(
            "The dumb protocol of git isn't supported.", remedy="Use git 1.6.6 or newer, which speaks the smart one."
        )
    return _known_service(given[0])


def _known_service(name: str) -> Service:
    if name == UPLOAD:
        return "git-upload-pack"
    if name == RECEIVE:
        return "git-receive-pack"
    raise InvalidGitRequestError(f"There is no service {name[:40]!r} of git.", remedy="Fetch or push with git.")


def _check_method(method: str, *, is_advertisement: bool) -> None:
    expected = "GET" if is_advertisement else "POST"
    if method != expected:
        raise InvalidGitRequestError(f"This address answers {expected}, not {method[:20]}.", remedy="Use git.")


def _check_type(headers: Iterable[Header], service: Service) -> None:
    given = header_of(headers, b"content-type").decode("latin-1")
    if given.partition(";")[0].strip() != f"application/x-{service}-request":
        raise InvalidGitRequestError(
            f"The body has the type {given[:80]!r}, and not application/x-{service}-request.", remedy="Use git."
        )


def _is_compressed(headers: Iterable[Header]) -> bool:
    encoding = header_of(headers, b"content-encoding").strip().lower()
    if encoding not in {b"", b"identity", b"gzip", b"x-gzip"}:
        raise InvalidGitRequestError(
            f"The encoding {encoding[:40].decode('latin-1')!r} of the body isn't supported.", remedy="Use gzip."
        )
    return encoding in {b"gzip", b"x-gzip"}
