"""Which requests of a job reach Ninefold's server, and as what."""

import pytest

from ninefold.systems.workflows.isolation import relay

NAMED = "Host: ci.example.com:443\r\nX-Ninefold-Host: ninefold.localhost:8080\r\nConnection: close\r\n"


def forwarded_head(asked: bytes) -> bytes | None:
    return relay.forwarded_head(asked, host="ci.example.com:443", name="ninefold.localhost:8080")


def head(target: str, *headers: str, method: str = "GET", version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{method} {target} {version}", "Host: ninefold.localhost:8080", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("asked", "forwarded"),
    [
        ("/git/acme/site.git/info/refs?service=git-upload-pack", None),
        ("/acme/site/info/refs?service=git-upload-pack", "/git/acme/site.git/info/refs?service=git-upload-pack"),
        ("/acme/site.git/git-upload-pack", "/git/acme/site.git/git-upload-pack"),
        ("/twirp/github.actions.results.api.v1.ArtifactService/CreateArtifact", None),
    ],
)
def test_git_and_results_reach_the_server(asked: str, forwarded: str | None) -> None:
    assert forwarded_head(head(asked)) == (f"GET {forwarded or asked} HTTP/1.1\r\n{NAMED}\r\n".encode())


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/api/v1/workflows/runs",
        "/api/v1/workflows/runner/claim",
        "/metrics",
        "/git/../api/v1/me",
        "/git/%2e%2e/api/v1/me",
        "/git//api",
        "/git\\api",
        "/twirp/other.Service/Method",
        "http://ninefold.localhost/git/a",
        "//git/a",
        "*",
    ],
)
def test_nothing_else_does(target: str) -> None:
    assert forwarded_head(head(target)) is None


@pytest.mark.parametrize(
    "request_head",
    [
        head("/git/a/b.git/info/refs", version="HTTP/1.0"),
        head("/git/a/b.git/info/refs", version=""),
        b"\r\n\r\n",
        head("/git/a/b.git/info/refs", "X: " + "x" * 40_000),
    ],
)
def test_what_isnt_a_plain_request_is_refused(request_head: bytes) -> None:
    assert forwarded_head(request_head) is None


def test_headers_that_say_who_asks_are_left_out() -> None:
    said = ["X-Forwarded-For: 1.2.3.4", "x-forwarded-host: a", "Forwarded: for=1.2.3.4", "Upgrade: h2c"]
    said += ["X-Ninefold-Host: evil.example.com", "Connection: keep-alive"]
    kept = "Authorization: Basic eA=="
    forwarded = forwarded_head(head("/git/a/b.git/info/refs", *said, kept))
    assert forwarded == f"GET /git/a/b.git/info/refs HTTP/1.1\r\n{NAMED}{kept}\r\n\r\n".encode()
