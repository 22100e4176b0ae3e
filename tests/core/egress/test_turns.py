"""Who is looked up next, and which names count as one domain's."""

import pytest

from ninefold.core.egress.turns import Turns, group_of


@pytest.mark.parametrize(
    ("host", "group"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("a.example.co.uk", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        # Short, but registered by somebody: its owner's names are one group.
        ("a.b.bit.ly", "bit.ly"),
        ("localhost", "localhost"),
    ],
)
def test_names_of_one_registered_domain_are_one_group(host: str, group: str) -> None:
    assert group_of(host) == group


def begun(turns: Turns) -> list[str]:
    return list(iter(turns.next, None))


def test_groups_take_turns() -> None:
    turns = Turns(at_once_max=5, at_once_per_group_max=5)
    for host in ("1.a.test", "2.a.test", "3.a.test", "1.b.test", "2.b.test", "1.c.test"):
        turns.wait(host)
    assert begun(turns) == ["1.a.test", "1.b.test", "1.c.test", "2.a.test", "2.b.test"]


def test_a_group_at_its_share_waits_and_others_pass_it() -> None:
    turns = Turns(at_once_max=4, at_once_per_group_max=2)
    for host in ("1.a.test", "2.a.test", "3.a.test", "1.b.test"):
        turns.wait(host)
    assert begun(turns) == ["1.a.test", "1.b.test", "2.a.test"]
    assert turns.is_at_its_share("a.test")
    turns.end("1.a.test")
    assert begun(turns) == ["3.a.test"]


def test_the_turn_that_becomes_free_goes_to_the_group_that_waits_longest() -> None:
    turns = Turns(at_once_max=1, at_once_per_group_max=1)
    for host in ("1.a.test", "2.a.test", "3.a.test", "1.b.test"):
        turns.wait(host)
    [first] = begun(turns)
    turns.end(first)
    assert begun(turns) == ["1.b.test"]


def test_a_name_that_nobody_waits_for_gets_no_turn() -> None:
    turns = Turns(at_once_max=4, at_once_per_group_max=2)
    turns.wait("1.a.test")
    turns.wait("2.a.test")
    turns.withdraw("1.a.test")
    assert begun(turns) == ["2.a.test"]
    turns.end("2.a.test")
    assert begun(turns) == []
