"""Which name is looked up next, and which names count as one domain."""

from collections.abc import Iterable

import pytest

from ninefold.core.egress import lookup_scheduler
from ninefold.core.egress.lookup_scheduler import LookupLimits, LookupScheduler, domain_of


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        # Short, but a registered domain.
        ("a.b.bit.ly", "bit.ly"),
        ("localhost", "localhost"),
    ],
)
def test_names_of_one_registered_domain_belong_together(host: str, domain: str) -> None:
    assert domain_of(host) == domain


def make_scheduler(
    *,
    slots: int = 10,
    slots_reserved: int = 0,
    per_domain_max: int = 10,
    unresponsive_max: int = 10,
    slow_max: int = 10,
) -> LookupScheduler:
    return LookupScheduler(
        LookupLimits(
            slots=slots,
            slots_reserved=slots_reserved,
            per_domain_max=per_domain_max,
            unresponsive_max=unresponsive_max,
            slow_max=slow_max,
        )
    )


def start(scheduler: LookupScheduler, *hosts: str) -> list[str]:
    """Add names, and return those whose lookups start then."""
    for host in hosts:
        scheduler.add(host)
    return list(iter(scheduler.start_next, None))


def finish(scheduler: LookupScheduler, hosts: Iterable[str]) -> None:
    for host in hosts:
        scheduler.finish(host)


def make_responsive(scheduler: LookupScheduler, *domains: str) -> None:
    finish(scheduler, start(scheduler, *(f"first.{domain}" for domain in domains)))


def make_unresponsive(scheduler: LookupScheduler, *domains: str) -> None:
    for host in start(scheduler, *(f"first.{domain}" for domain in domains)):
        scheduler.mark_slow(host)
        scheduler.finish(host)


def test_domains_alternate() -> None:
    scheduler = make_scheduler(slots=5)
    make_responsive(scheduler, "a.test", "b.test", "c.test")
    hosts = ("1.a.test", "2.a.test", "3.a.test", "1.b.test", "2.b.test", "1.c.test")
    assert start(scheduler, *hosts) == ["1.a.test", "1.b.test", "1.c.test", "2.a.test", "2.b.test"]


def test_a_new_domain_has_one_lookup_until_one_has_ended() -> None:
    scheduler = make_scheduler()
    assert start(scheduler, "1.a.test", "2.a.test", "3.a.test") == ["1.a.test"]
    scheduler.finish("1.a.test")
    assert start(scheduler) == ["2.a.test", "3.a.test"]


def test_a_domain_at_its_limit_waits_while_others_start() -> None:
    scheduler = make_scheduler(slots=4, per_domain_max=2)
    make_responsive(scheduler, "a.test", "b.test")
    assert start(scheduler, "1.a.test", "2.a.test", "3.a.test", "1.b.test") == ["1.a.test", "1.b.test", "2.a.test"]
    assert scheduler.is_blocked_by_own_domain("3.a.test")
    scheduler.finish("1.a.test")
    assert start(scheduler) == ["3.a.test"]


def test_a_free_slot_goes_to_the_domain_that_has_waited_longest() -> None:
    scheduler = make_scheduler(slots=1)
    [first] = start(scheduler, "1.a.test", "2.a.test", "3.a.test", "1.b.test")
    scheduler.finish(first)
    assert start(scheduler) == ["1.b.test"]


def test_a_removed_name_is_not_looked_up() -> None:
    scheduler = make_scheduler()
    scheduler.add("1.a.test")
    scheduler.add("2.a.test")
    scheduler.remove("1.a.test")
    assert start(scheduler) == ["2.a.test"]
    scheduler.finish("2.a.test")
    assert start(scheduler) == []


def test_an_unresponsive_domain_has_one_lookup_at_a_time_not_counting_slow_ones() -> None:
    scheduler = make_scheduler(per_domain_max=3)
    make_responsive(scheduler, "a.test")
    assert start(scheduler, "1.a.test", "2.a.test") == ["1.a.test", "2.a.test"]
    scheduler.mark_slow("1.a.test")
    assert start(scheduler, "3.a.test", "4.a.test") == []
    scheduler.finish("2.a.test")
    assert start(scheduler) == ["3.a.test"]
    scheduler.mark_slow("3.a.test")
    assert start(scheduler) == ["4.a.test"]
    scheduler.mark_slow("4.a.test")
    # Slow lookups count towards the limit of the domain.
    assert start(scheduler, "5.a.test") == []


def test_a_domain_is_unresponsive_until_a_lookup_ends_in_time_while_none_is_slow() -> None:
    scheduler = make_scheduler()
    [first] = start(scheduler, "1.a.test", "2.a.test", "3.a.test", "4.a.test", "5.a.test")
    scheduler.mark_slow(first)
    assert start(scheduler) == ["2.a.test"]
    scheduler.finish("2.a.test")
    # It has answered, but the first lookup is still slow.
    assert start(scheduler) == ["3.a.test"]
    scheduler.finish("1.a.test")
    assert start(scheduler) == []
    scheduler.finish("3.a.test")
    assert start(scheduler) == ["4.a.test", "5.a.test"]


def test_a_slow_answer_leaves_a_domain_unresponsive() -> None:
    scheduler = make_scheduler()
    make_unresponsive(scheduler, "a.test")
    assert start(scheduler, "1.a.test", "2.a.test") == ["1.a.test"]


def test_unresponsive_domains_leave_slots_to_domains_that_were_added_later() -> None:
    scheduler = make_scheduler(slots=4, unresponsive_max=2)
    domains = ("a.test", "b.test", "c.test")
    make_unresponsive(scheduler, *domains)
    assert start(scheduler, *(f"1.{domain}" for domain in domains), "1.d.test") == ["1.a.test", "1.b.test", "1.d.test"]


def test_new_domains_leave_the_reserved_slots_to_responsive_ones() -> None:
    scheduler = make_scheduler(slots=3, slots_reserved=1)
    make_responsive(scheduler, "d.test")
    assert start(scheduler, "1.a.test", "1.b.test", "1.c.test", "1.d.test") == ["1.a.test", "1.b.test", "1.d.test"]
    scheduler.finish("1.d.test")
    assert start(scheduler) == []
    scheduler.finish("1.a.test")
    assert start(scheduler) == ["1.c.test"]


def test_the_unresponsive_domain_whose_last_lookup_started_longest_ago_is_next() -> None:
    scheduler = make_scheduler(unresponsive_max=1)
    make_unresponsive(scheduler, "a.test")
    make_unresponsive(scheduler, "b.test")
    assert start(scheduler, "1.b.test", "1.a.test") == ["1.a.test"]
    scheduler.finish("1.a.test")
    assert start(scheduler) == ["1.b.test"]


def test_slow_lookups_free_their_slots_up_to_the_limit() -> None:
    scheduler = make_scheduler(slots=2, slow_max=1)
    assert start(scheduler, "1.a.test", "1.b.test", "1.c.test", "1.d.test") == ["1.a.test", "1.b.test"]
    scheduler.mark_slow("1.a.test")
    assert start(scheduler) == ["1.c.test"]
    scheduler.mark_slow("1.b.test")
    assert start(scheduler) == []
    scheduler.finish("1.a.test")
    assert start(scheduler) == ["1.d.test"]


def test_a_name_is_blocked_by_its_own_domain_only_if_that_is_at_its_limit_or_slow() -> None:
    scheduler = make_scheduler(slots=1, slow_max=0)
    assert start(scheduler, "1.a.test", "2.a.test", "1.b.test") == ["1.a.test"]
    assert scheduler.is_blocked_by_own_domain("2.a.test")
    assert not scheduler.is_blocked_by_own_domain("1.b.test")
    scheduler.mark_slow("1.a.test")
    assert scheduler.is_slow("1.a.test")
    assert scheduler.is_blocked_by_own_domain("2.a.test")
    assert not scheduler.is_blocked_by_own_domain("1.b.test")


def test_domains_are_evicted_beyond_the_maximum_except_those_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup_scheduler, "DOMAINS_TRACKED_MAX", 2)
    scheduler = make_scheduler(slots=1)
    [running] = start(scheduler, "1.a.test", "1.b.test")
    for number in range(20):
        scheduler.add(f"1.unused{number}.test")
        scheduler.remove(f"1.unused{number}.test")
        assert {"a.test", "b.test"} <= set(scheduler._domains)
        assert len(scheduler._domains) <= 4
    scheduler.finish(running)
    assert start(scheduler) == ["1.b.test"]
