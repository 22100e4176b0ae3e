import asyncio

import msgspec

from ninefold.edge.simulation.network import Background, Conditions, Network

CONDITIONS = Conditions(
    loss=0.2,
    duplication=0.3,
    lateness=0.1,
    freezing=0.5,
    delay_s=(0.01, 0.02),
    late_s=(0.5, 0.6),
    freeze_s=(1.0, 2.0),
)
NAMES = [f"message {number}" for number in range(500)]


def test_a_seed_gives_each_message_the_same_fate_in_any_order() -> None:
    one, other = Network(CONDITIONS, seed="7"), Network(CONDITIONS, seed="7")

    fates = {name: one.fate_of(name) for name in NAMES}

    assert {name: other.fate_of(name) for name in reversed(NAMES)} == fates
    assert one.counts == other.counts


def test_other_seeds_give_other_fates() -> None:
    one, other = Network(CONDITIONS, seed="7"), Network(CONDITIONS, seed="8")

    assert [one.fate_of(name) for name in NAMES] != [other.fate_of(name) for name in NAMES]


def test_messages_are_lost_late_and_copied_as_often_as_the_conditions_say() -> None:
    network = Network(CONDITIONS, seed="7")

    fates = [network.fate_of(name) for name in NAMES]

    assert 70 < sum(fate.is_lost for fate in fates) < 130
    assert 110 < sum(fate.copy_delay_s is not None for fate in fates) < 190
    assert 30 < sum(fate.delay_s >= 0.5 for fate in fates) < 70
    assert all(0.01 <= fate.delay_s <= 0.02 or 0.5 <= fate.delay_s <= 0.6 for fate in fates)
    assert network.counts["sent"] == len(NAMES)


def test_half_of_the_turns_freeze() -> None:
    network = Network(CONDITIONS, seed="7")

    frozen = [freeze_s for name in NAMES if (freeze_s := network.freeze_s(name))]

    assert 200 < len(frozen) < 300
    assert all(1.0 <= freeze_s <= 2.0 for freeze_s in frozen)


async def test_messages_on_their_way_still_arrive() -> None:
    background, arrived = Background(), asyncio.Event()
    background.call_later(0.01, arrived.set)

    await background.finish(within_s=10)

    assert arrived.is_set()


def test_a_connection_is_cut_as_often_as_the_conditions_say() -> None:
    network = Network(msgspec.structs.replace(CONDITIONS, cutting=0.1), seed="7")

    assert 20 < sum(network.fate_of(name).is_cut for name in NAMES) < 80
    assert not any(Network(CONDITIONS, seed="7").fate_of(name).is_cut for name in NAMES)
