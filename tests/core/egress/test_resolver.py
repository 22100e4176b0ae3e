import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from ninefold.core.egress import DnsFailedError, SystemResolver, resolver

WITHIN_S = 5.0


class FakeLookup:
    """Stands in for `socket.getaddrinfo`: blocks until it is told to go on."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.began = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.addresses = ["192.0.2.1", "192.0.2.1", "2001:db8::1"]

    def __call__(self, host: str, _port: None, *, type: int) -> list[object]:  # noqa: A002, getaddrinfo's own name
        assert type == socket.SOCK_STREAM
        self.asked.append(host)
        self.began.release()
        assert self.may_answer.wait(WITHIN_S)
        return [(socket.AF_INET, type, 6, "", (address, 0)) for address in self.addresses]


@pytest.fixture
def lookup(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLookup]:
    fake = FakeLookup()
    monkeypatch.setattr(socket, "getaddrinfo", fake)
    yield fake
    fake.may_answer.set()


@pytest.fixture
async def system_resolver() -> AsyncIterator[SystemResolver]:
    made = SystemResolver()
    yield made
    made.close()


async def test_each_address_comes_once_in_the_systems_order(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    lookup.may_answer.set()
    assert await system_resolver.resolve("a.example", timeout_s=5) == ["192.0.2.1", "2001:db8::1"]


async def test_those_who_ask_at_the_same_time_share_one_lookup(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    asking = [asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5)) for _ in range(3)]
    await asyncio.sleep(0)
    lookup.may_answer.set()
    answers = await asyncio.gather(*asking)
    assert answers == [["192.0.2.1", "2001:db8::1"]] * 3
    assert lookup.asked == ["a.example"]
    await system_resolver.resolve("a.example", timeout_s=5)
    assert lookup.asked == ["a.example", "a.example"]


async def test_giving_up_does_not_spoil_the_answer_for_others(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    patient = asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5))
    hasty = asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5))
    await asyncio.sleep(0)
    hasty.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hasty
    lookup.may_answer.set()
    assert await patient == ["192.0.2.1", "2001:db8::1"]


async def test_a_slow_lookup_is_bounded(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    with pytest.raises(DnsFailedError, match=r"Looking up slow\.example took longer than 0\.05 s"):
        await system_resolver.resolve("slow.example", timeout_s=0.05)
    assert lookup.asked == ["slow.example"]


async def test_slow_names_do_not_hold_up_another(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    slow = [
        asyncio.create_task(system_resolver.resolve(f"{number}.example", timeout_s=5))
        for number in range(resolver.LOOKUP_THREADS - 1)
    ]
    await asyncio.sleep(0)
    other = asyncio.create_task(system_resolver.resolve("other.example", timeout_s=5))
    for _ in range(resolver.LOOKUP_THREADS):
        assert await asyncio.to_thread(lookup.began.acquire, timeout=WITHIN_S)
    assert "other.example" in lookup.asked
    lookup.may_answer.set()
    await asyncio.gather(*slow, other)


def test_a_lookup_that_waited_too_long_is_not_begun(lookup: FakeLookup) -> None:
    lookup.may_answer.set()
    assert resolver._look_up("late.example", begin_until=0.0) == "too many lookups were waiting"
    assert lookup.asked == []


async def test_the_number_of_lookups_is_bounded(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "LOOKUPS_PENDING_MAX", 1)
    first = asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5))
    await asyncio.sleep(0)
    with pytest.raises(DnsFailedError, match=r"b\.example wasn't looked up: 1 lookups are waiting already"):
        await system_resolver.resolve("b.example", timeout_s=5)
    lookup.may_answer.set()
    await first


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (UnicodeError("label too long"), "its form isn't that of a host name"),
    ],
)
async def test_a_failed_lookup_says_why(
    system_resolver: SystemResolver, monkeypatch: pytest.MonkeyPatch, failure: Exception, reason: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise failure

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DnsFailedError, match=rf"a\.example can't be resolved: {reason}\."):
        await system_resolver.resolve("a.example", timeout_s=5)


async def test_an_empty_answer_is_a_failed_lookup(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    lookup.addresses = []
    lookup.may_answer.set()
    with pytest.raises(DnsFailedError, match="it has no address"):
        await system_resolver.resolve("a.example", timeout_s=5)
