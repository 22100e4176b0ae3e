import asyncio

from ninefold.edge.simulation.copies import Entry, LogCopy, prove


def log(length: int) -> list[Entry]:
    return [{"sequence": sequence, "type": "message"} for sequence in range(1, length + 1)]


def test_entries_that_come_twice_and_in_any_order_make_the_log() -> None:
    seen: list[Entry] = []
    copy, entries = LogCopy(seen.append), log(3)

    for at in (1, 0, 0, 2, 1, 2):
        copy.receive(entries[at])

    assert copy.log == seen == entries
    assert not copy.has_gap


def test_a_copy_is_complete_at_the_last_entry() -> None:
    copy = LogCopy()
    copy.end_at(2)
    assert not copy.is_ended

    for entry in log(2):
        copy.receive(entry)

    assert copy.is_ended


async def test_who_waits_for_the_end_is_woken_when_it_is_known() -> None:
    copy = LogCopy()
    waiting = asyncio.create_task(copy.wait_until(lambda: copy.is_ended))
    await asyncio.sleep(0)

    copy.end_at(0)

    await asyncio.wait_for(waiting, timeout=10)


def test_the_proof_of_a_log_depends_on_each_entry_and_on_their_order() -> None:
    entries = log(3)

    proofs = [prove(entries), prove(entries[:2]), prove(entries[::-1]), prove([*entries[:2], {"sequence": 3}])]

    assert len({proof.sha256 for proof in proofs}) == len(proofs)
    assert prove(log(3)) == proofs[0]
