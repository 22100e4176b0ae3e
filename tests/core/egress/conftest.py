"""Every test of egress runs on uvloop, as the worker does, against servers on the loopback."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

import pytest
import uvloop

from ninefold.core.egress import (
    AddressPolicy,
    DnsFailedError,
    EgressClient,
    EgressError,
    EgressLimits,
    EgressResponse,
    Resolver,
    parse_target,
)
from ninefold.core.egress.tls import default_tls_context

LOOPBACK = AddressPolicy.from_cidrs(["127.0.0.0/8"])


class Post(Protocol):
    """Sends a small POST through a client."""

    async def __call__(
        self, client: EgressClient, url: str, *, body: bytes = b"{}", timeout_s: float = 5.0
    ) -> EgressResponse: ...


class FakeHandler:
    """Keeps the outcome of a request."""

    def __init__(self) -> None:
        self._outcome: asyncio.Future[EgressResponse] = asyncio.get_running_loop().create_future()

    async def outcome(self) -> EgressResponse:
        """Wait for the response, or raise the error."""
        return await self._outcome

    def on_response(self, response: EgressResponse, /) -> None:
        self._outcome.set_result(response)

    def on_error(self, error: EgressError, /) -> None:
        self._outcome.set_exception(error)


class FakeResolver:
    """Answers from a list: each lookup takes the next answer, and the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []
        self.is_closed = False

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        self.asked.append(host)
        assert timeout_s > 0
        if not self._answers:
            raise DnsFailedError(f"{host} can't be resolved: it has no address.")
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def close(self) -> None:
        self.is_closed = True


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


MakeClient = Callable[..., EgressClient]


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """The default context, made once: loading the system's authorities takes longer than most tests."""
    return default_tls_context()


@pytest.fixture
async def make_client(tls: ssl.SSLContext) -> AsyncIterator[MakeClient]:
    """Makes clients that may reach 127.0.0.0/8, and closes them after the test."""
    clients = []

    def make(*, policy: AddressPolicy = LOOPBACK, resolver: Resolver | None = None, **limits: float) -> EgressClient:
        client = EgressClient(policy, resolver=resolver, limits=EgressLimits(**limits), tls=tls)  # type: ignore[arg-type]
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
async def client(make_client: MakeClient) -> EgressClient:
    return make_client()


@pytest.fixture
def post() -> Post:
    async def send(client: EgressClient, url: str, *, body: bytes = b"{}", timeout_s: float = 5.0) -> EgressResponse:
        head = b"content-type: application/json\r\n"
        return await client.post(parse_target(url), head=head, body=body, timeout_s=timeout_s)

    return send
