"""Who is looked up next, and which names count as one domain's."""

from collections.abc import Iterable

import pytest

from ninefold.core.egress import turns as turns_module
from ninefold.core.egress.turns import TurnLimits, Turns, domain_of


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        # Short, but registered by somebody: its owner's names are one domain.
        ("a.b.bit.ly", "bit.ly"),
        ("localhost", "localhost"),
    ],
)
def test_names_of_one_registered_domain_belong_together(host: str, domain: str) -> None:
    assert domain_of(host) == domain


def make_turns(*, places: int = 10, kept: int = 0, per_domain: int = 10, silent: int = 10, overdue: int = 10) -> Turns:
    return Turns(TurnLimits(places=places, kept=kept, per_domain=per_domain, silent=silent, overdue=overdue))


def begin(turns: Turns, *hosts: str) -> list[str]:
    """Let names wait, and return those whose turn begins then."""
    for host in hosts:
        turns.wait(host)
    return list(iter(turns.next, None))


def answer(turns: Turns, hosts: Iterable[str]) -> None:
    for host in hosts:
        turns.end(host)


def make_answering(turns: Turns, *domains: str) -> None:
    answer(turns, begin(turns, *(f"first.{domain}" for domain in domains)))


def make_silent(turns: Turns, *domains: str) -> None:
    for host in begin(turns, *(f"first.{domain}" for domain in domains)):
        turns.note_overdue(host)
        turns.end(host)


def test_domains_take_turns() -> None:
    turns = make_turns(places=5)
    make_answering(turns, "a.test", "b.test", "c.test")
    hosts = ("1.a.test", "2.a.test", "3.a.test", "1.b.test", "2.b.test", "1.c.test")
    assert begin(turns, *hosts) == ["1.a.test", "1.b.test", "1.c.test", "2.a.test", "2.b.test"]


def test_a_domain_has_one_lookup_until_one_was_answered_in_time() -> None:
    turns = make_turns()
    assert begin(turns, "1.a.test", "2.a.test", "3.a.test") == ["1.a.test"]
    turns.end("1.a.test")
    assert begin(turns) == ["2.a.test", "3.a.test"]


def test_a_domain_at_its_share_waits_and_others_pass_it() -> None:
    turns = make_turns(places=4, per_domain=2)
    make_answering(turns, "a.test", "b.test")
    assert begin(turns, "1.a.test", "2.a.test", "3.a.test", "1.b.test") == ["1.a.test", "1.b.test", "2.a.test"]
    assert turns.is_held_up_by_its_own("3.a.test")
    turns.end("1.a.test")
    assert begin(turns) == ["3.a.test"]


def test_the_turn_that_becomes_free_goes_to_the_domain_that_waits_longest() -> None:
    turns = make_turns(places=1)
    [first] = begin(turns, "1.a.test", "2.a.test", "3.a.test", "1.b.test")
    turns.end(first)
    assert begin(turns) == ["1.b.test"]


def test_a_name_that_nobody_waits_for_gets_no_turn() -> None:
    turns = make_turns()
    turns.wait("1.a.test")
    turns.wait("2.a.test")
    turns.withdraw("1.a.test")
    assert begin(turns) == ["2.a.test"]
    turns.end("2.a.test")
    assert begin(turns) == []


def test_a_silent_domain_has_one_lookup_at_a_time_beside_those_that_are_overdue() -> None:
    turns = make_turns(per_domain=3)
    make_answering(turns, "a.test")
    assert begin(turns, "1.a.test", "2.a.test") == ["1.a.test", "2.a.test"]
    turns.note_overdue("1.a.test")
    assert begin(turns, "3.a.test", "4.a.test") == []
    turns.end("2.a.test")
    assert begin(turns) == ["3.a.test"]
    turns.note_overdue("3.a.test")
    assert begin(turns) == ["4.a.test"]
    turns.note_overdue("4.a.test")
    # Overdue lookups count all the same: it has no more than its share.
    assert begin(turns, "5.a.test") == []


def test_a_domain_is_silent_until_it_answers_in_time_with_none_overdue() -> None:
    turns = make_turns()
    [first] = begin(turns, "1.a.test", "2.a.test", "3.a.test", "4.a.test", "5.a.test")
    turns.note_overdue(first)
    assert begin(turns) == ["2.a.test"]
    turns.end("2.a.test")
    # It has answered, but the first is still overdue.
    assert begin(turns) == ["3.a.test"]
    turns.end("1.a.test")
    assert begin(turns) == []
    turns.end("3.a.test")
    assert begin(turns) == ["4.a.test", "5.a.test"]


def test_a_late_answer_does_not_end_the_silence() -> None:
    turns = make_turns()
    make_silent(turns, "a.test")
    assert begin(turns, "1.a.test", "2.a.test") == ["1.a.test"]


def test_silent_domains_leave_places_to_others_whoever_came_first() -> None:
    turns = make_turns(places=4, silent=2)
    silent = ("a.test", "b.test", "c.test")
    make_silent(turns, *silent)
    assert begin(turns, *(f"1.{domain}" for domain in silent), "1.d.test") == ["1.a.test", "1.b.test", "1.d.test"]


def test_new_domains_leave_places_to_those_that_answer() -> None:
    turns = make_turns(places=3, kept=1)
    make_answering(turns, "d.test")
    assert begin(turns, "1.a.test", "1.b.test", "1.c.test", "1.d.test") == ["1.a.test", "1.b.test", "1.d.test"]
    turns.end("1.d.test")
    assert begin(turns) == []
    turns.end("1.a.test")
    assert begin(turns) == ["1.c.test"]


def test_of_silent_domains_the_one_whose_last_turn_is_longest_ago_is_next() -> None:
    turns = make_turns(silent=1)
    make_silent(turns, "a.test")
    make_silent(turns, "b.test")
    assert begin(turns, "1.b.test", "1.a.test") == ["1.a.test"]
    turns.end("1.a.test")
    assert begin(turns) == ["1.b.test"]


def test_overdue_lookups_leave_their_places_as_far_as_there_are_threads() -> None:
    turns = make_turns(places=2, overdue=1)
    assert begin(turns, "1.a.test", "1.b.test", "1.c.test", "1.d.test") == ["1.a.test", "1.b.test"]
    turns.note_overdue("1.a.test")
    assert begin(turns) == ["1.c.test"]
    turns.note_overdue("1.b.test")
    assert begin(turns) == []
    turns.end("1.a.test")
    assert begin(turns) == ["1.d.test"]


def test_a_name_is_held_up_by_its_own_domain_only_if_that_is_at_its_share_or_overdue() -> None:
    turns = make_turns(places=1, overdue=0)
    assert begin(turns, "1.a.test", "2.a.test", "1.b.test") == ["1.a.test"]
    assert turns.is_held_up_by_its_own("2.a.test")
    assert not turns.is_held_up_by_its_own("1.b.test")
    turns.note_overdue("1.a.test")
    assert turns.is_overdue("1.a.test")
    assert turns.is_held_up_by_its_own("2.a.test")
    assert not turns.is_held_up_by_its_own("1.b.test")


def test_only_so_many_domains_are_known_and_those_in_use_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "DOMAINS_KNOWN_MAX", 2)
    turns = make_turns(places=1)
    [running] = begin(turns, "1.a.test", "1.b.test")
    for number in range(20):
        turns.wait(f"1.unused{number}.test")
        turns.withdraw(f"1.unused{number}.test")
        assert {"a.test", "b.test"} <= set(turns._domains)
        assert len(turns._domains) <= 4
    turns.end(running)
    assert begin(turns) == ["1.b.test"]
