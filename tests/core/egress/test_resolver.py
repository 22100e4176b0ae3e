import asyncio
import errno
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from ninefold.core.egress import DnsFailedError, LocalLimitError, SystemResolver, resolver
from ninefold.core.egress.threads import run_in_thread

WITHIN_S = 5.0
PROCESS_WITHIN_S = 30.0
"""A process starts slowly on a busy machine."""

SLOTS_FOR_NEW_DOMAINS = resolver.LOOKUP_LIMITS.slots - resolver.LOOKUP_LIMITS.slots_reserved


class FakeLookup:
    """Stands in for `socket.getaddrinfo`: names with the suffix get no answer until `may_answer` is set."""

    def __init__(self) -> None:
        self.slow_suffix = ""
        self.asked: list[str] = []
        self.started = threading.Semaphore(0)
        self.may_answer = threading.Event()
        self.addresses = ["192.0.2.1", "192.0.2.1", "2001:db8::1"]

    def __call__(self, host: str, _port: None, *, type: int) -> list[object]:  # noqa: A002, getaddrinfo's own name
        assert type == socket.SOCK_STREAM
        self.asked.append(host)
        self.started.release()
        if host.endswith(self.slow_suffix):
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


async def test_concurrent_requests_for_a_name_share_one_lookup(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    asking = [asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5)) for _ in range(3)]
    await asyncio.sleep(0)
    lookup.may_answer.set()
    answers = await asyncio.gather(*asking)
    assert answers == [["192.0.2.1", "2001:db8::1"]] * 3
    assert lookup.asked == ["a.example"]


async def test_an_answer_is_cached_for_some_seconds(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup.may_answer.set()
    for _ in range(3):
        assert await system_resolver.resolve("a.example", timeout_s=5) == ["192.0.2.1", "2001:db8::1"]
    assert lookup.asked == ["a.example"]
    monkeypatch.setattr(resolver, "CACHED_FOR_S", 0.0)
    await system_resolver.resolve("b.example", timeout_s=5)
    lookup.addresses = ["192.0.2.2"]
    assert await system_resolver.resolve("b.example", timeout_s=5) == ["192.0.2.2"]


async def test_the_oldest_names_are_evicted_from_a_full_cache(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "NAMES_CACHED_MAX", 2)
    lookup.may_answer.set()
    for host in ("a.example", "b.example", "c.example", "c.example", "b.example", "a.example"):
        await system_resolver.resolve(host, timeout_s=5)
    assert lookup.asked == ["a.example", "b.example", "c.example", "a.example"]


async def test_a_canceled_request_does_not_affect_others_for_the_same_name(
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


async def test_a_lookup_has_a_timeout(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    with pytest.raises(DnsFailedError, match=r"Looking up slow\.example took longer than 0\.05 s"):
        await system_resolver.resolve("slow.example", timeout_s=0.05)
    assert lookup.asked == ["slow.example"]


async def test_slow_names_do_not_block_another(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    slow = [
        asyncio.create_task(system_resolver.resolve(f"{number}.slow{number}.example", timeout_s=5))
        for number in range(SLOTS_FOR_NEW_DOMAINS - 1)
    ]
    await asyncio.sleep(0)
    other = asyncio.create_task(system_resolver.resolve("other.example", timeout_s=5))
    for _ in range(SLOTS_FOR_NEW_DOMAINS):
        assert await asyncio.to_thread(lookup.started.acquire, timeout=WITHIN_S)
    assert "other.example" in lookup.asked
    lookup.may_answer.set()
    await asyncio.gather(*slow, other)


async def test_an_unresponsive_domain_leaves_threads_to_others(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    lookup.slow_suffix = ".slow.example"
    hosts = [f"{number}.slow.example" for number in range(2 * resolver.LOOKUP_LIMITS.slots)]
    slow = [asyncio.create_task(system_resolver.resolve(host, timeout_s=WITHIN_S)) for host in hosts]
    assert await asyncio.to_thread(lookup.started.acquire, timeout=WITHIN_S)
    for number in range(resolver.LOOKUP_LIMITS.slots):
        assert await system_resolver.resolve(f"healthy{number}.example", timeout_s=WITHIN_S)
    assert len(lookup.asked) == 1 + resolver.LOOKUP_LIMITS.slots
    lookup.may_answer.set()
    assert len(await asyncio.gather(*slow)) == len(hosts)


async def test_slow_lookups_do_not_block_others(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "SLOW_AFTER_S", 0.0)
    lookup.slow_suffix = ".test"
    hosts = [f"slow{number}.test" for number in range(resolver.LOOKUP_LIMITS.slots)]
    slow = [asyncio.create_task(system_resolver.resolve(host, timeout_s=WITHIN_S)) for host in hosts]
    for _ in hosts:
        assert await asyncio.to_thread(lookup.started.acquire, timeout=WITHIN_S)
    assert await system_resolver.resolve("other.example", timeout_s=WITHIN_S)
    lookup.may_answer.set()
    assert len(await asyncio.gather(*slow)) == len(hosts)


async def test_a_name_that_waited_for_slow_ones_of_its_domain_blames_the_name_server(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    hosts = [f"{number}.slow.example" for number in range(resolver.LOOKUP_LIMITS.per_domain_max)]
    slow = [asyncio.create_task(system_resolver.resolve(host, timeout_s=WITHIN_S)) for host in hosts]
    await asyncio.sleep(0)
    with pytest.raises(DnsFailedError, match=r"last\.slow\.example wasn't .* the name server of slow\.example is slow"):
        await system_resolver.resolve("last.slow.example", timeout_s=0.01)
    lookup.may_answer.set()
    await asyncio.gather(*slow)
    assert "last.slow.example" not in lookup.asked
    assert await system_resolver.resolve("last.slow.example", timeout_s=WITHIN_S)


async def test_a_name_that_waited_for_other_domains_is_a_local_limit(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    hosts = [f"slow{number}.example" for number in range(SLOTS_FOR_NEW_DOMAINS)]
    slow = [asyncio.create_task(system_resolver.resolve(host, timeout_s=WITHIN_S)) for host in hosts]
    await asyncio.sleep(0)
    with pytest.raises(LocalLimitError, match="Ninefold was busy with lookups of other names"):
        await system_resolver.resolve("other.test", timeout_s=0.01)
    lookup.may_answer.set()
    await asyncio.gather(*slow)


async def test_a_name_that_timed_out_fails_at_once_for_some_seconds(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "SLOW_AFTER_S", 0.0)
    with pytest.raises(DnsFailedError, match="took longer"):
        await system_resolver.resolve("slow.example", timeout_s=0.01)
    with pytest.raises(DnsFailedError, match=r"slow\.example wasn't looked up: a moment ago, its name server didn't"):
        await system_resolver.resolve("slow.example", timeout_s=WITHIN_S)
    assert lookup.asked == ["slow.example"]


async def test_a_name_that_timed_out_works_again_as_soon_as_its_answer_arrives(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "SLOW_AFTER_S", 0.0)
    with pytest.raises(DnsFailedError):
        await system_resolver.resolve("slow.example", timeout_s=0.01)
    [running] = system_resolver._running
    lookup.may_answer.set()
    await asyncio.wait([running], timeout=WITHIN_S)
    assert await system_resolver.resolve("slow.example", timeout_s=WITHIN_S) == ["192.0.2.1", "2001:db8::1"]
    assert lookup.asked == ["slow.example"]


async def test_a_short_timeout_does_not_make_a_name_slow(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    with pytest.raises(DnsFailedError):
        await system_resolver.resolve("slow.example", timeout_s=0.01)
    lookup.may_answer.set()
    assert await system_resolver.resolve("slow.example", timeout_s=WITHIN_S)


async def test_closing_ends_requests_that_wait_for_a_lookup(
    system_resolver: SystemResolver, lookup: FakeLookup
) -> None:
    # The second one waits: a new domain has one lookup at a time.
    hosts = ("1.slow.example", "2.slow.example")
    asking = [asyncio.create_task(system_resolver.resolve(host, timeout_s=60)) for host in hosts]
    assert await asyncio.to_thread(lookup.started.acquire, timeout=WITHIN_S)
    system_resolver.close()
    async with asyncio.timeout(WITHIN_S):
        for asked in asking:
            with pytest.raises(DnsFailedError, match="Ninefold is shutting down"):
                await asked
    assert lookup.asked == ["1.slow.example"]


EXIT_DURING_A_LOOKUP = """
import asyncio, socket, threading
from ninefold.core.egress import DnsFailedError, SystemResolver

async def main():
    began = asyncio.Event()
    loop = asyncio.get_running_loop()

    def never_answer(*_arguments, **_options):
        loop.call_soon_threadsafe(began.set)
        threading.Event().wait()

    socket.getaddrinfo = never_answer
    resolver = SystemResolver()
    asking = asyncio.create_task(resolver.resolve("slow.example", timeout_s=60))
    await began.wait()
    resolver.close()
    try:
        await asking
    except DnsFailedError as error:
        print(error)

asyncio.run(main())
"""


async def test_a_process_exits_without_waiting_for_running_lookups() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", EXIT_DURING_A_LOOKUP, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PROCESS_WITHIN_S):
            printed, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert (printed, errors) == (b"slow.example can't be resolved: Ninefold is shutting down.\n", b"")
    assert process.returncode == 0


def test_an_answer_after_the_end_of_the_loop_is_dropped() -> None:
    may_answer, answered = threading.Event(), threading.Event()

    def answer_late(host: str) -> str:
        assert may_answer.wait(WITHIN_S)
        answered.set()
        return host

    async def start() -> threading.Thread:
        before = set(threading.enumerate())
        run_in_thread(answer_late, "a.example", name="test-lookup")
        [thread] = set(threading.enumerate()) - before
        return thread

    thread = asyncio.run(start())
    may_answer.set()
    # An exception in the thread would be a warning, and fail this test.
    thread.join(WITHIN_S)
    assert answered.is_set()
    assert not thread.is_alive()


async def test_a_failure_to_start_a_thread_is_a_local_limit(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    lookup.may_answer.set()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(LocalLimitError, match=r"no thread could be started for it \(can't start new thread\)"):
            await system_resolver.resolve("a.example", timeout_s=WITHIN_S)
    assert await system_resolver.resolve("a.example", timeout_s=WITHIN_S)


async def test_the_number_of_lookups_is_bounded(
    system_resolver: SystemResolver, lookup: FakeLookup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "LOOKUPS_PENDING_MAX", 1)
    first = asyncio.create_task(system_resolver.resolve("a.example", timeout_s=5))
    await asyncio.sleep(0)
    with pytest.raises(LocalLimitError, match=r"b\.example wasn't looked up: 1 lookups are waiting already"):
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


async def test_a_failure_of_the_system_is_a_local_limit(
    system_resolver: SystemResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(LocalLimitError, match=r"the system's resolver failed \(Too many open files\)"):
        await system_resolver.resolve("a.example", timeout_s=5)


async def test_an_empty_answer_is_a_failed_lookup(system_resolver: SystemResolver, lookup: FakeLookup) -> None:
    lookup.addresses = []
    lookup.may_answer.set()
    with pytest.raises(DnsFailedError, match="it has no address"):
        await system_resolver.resolve("a.example", timeout_s=5)
