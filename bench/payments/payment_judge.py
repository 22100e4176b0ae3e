"""What must be true of a simulated world after every step, and when everything has ended.

It compares what Ninefold has recorded with what the processor has really done, and adds up the ledger by itself.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

from payment_world import World

from ninefold.core.ids import format_id
from ninefold.systems.payments.errors import JournalError
from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, INTENT_PREFIX
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.settling import list_batches, recompute_content

_ENDED: Final = frozenset({"succeeded", "declined", "not_sent", "waiting_for_customer"})
_MOVING: Final = frozenset({"processing", "in_doubt"})

_UNBALANCED: Final = """
    SELECT currency FROM payments.account GROUP BY currency
    HAVING sum(posted_debits) <> sum(posted_credits) OR sum(pending_debits) <> sum(pending_credits)
"""
_WITHOUT_SHADOW: Final = """
    SELECT intent.intent_id FROM payments.intent JOIN payments.charge ON charge_id = latest_charge_id
    LEFT JOIN payments.open_hold ON pending_id = hold_id
    WHERE intent.state = 'requires_capture' AND pending_id IS NULL
"""
_LEFT_SHADOWS: Final = """
    SELECT intent.intent_id, intent.state FROM payments.open_hold JOIN payments.charge ON pending_id = hold_id
    JOIN payments.intent USING (intent_id) WHERE intent.state NOT IN ('requires_capture', 'requires_action')
"""
_ATTEMPTS: Final = """
    SELECT
        attempt_id, intent_id, operation, attempt.state, attempt.error_code, attempt.amount, intent.currency,
        capture_method
    FROM payments.attempt JOIN payments.intent USING (intent_id)
"""
_PAYMENTS: Final = """
    SELECT
        intent_id, intent.state, intent.amount, amount_received,
        count(charge_id) FILTER (WHERE amount_captured > 0) AS captures,
        coalesce(sum(amount_refunded), 0)::bigint AS refunded, coalesce(sum(amount_refunding), 0)::bigint AS refunding
    FROM payments.intent LEFT JOIN payments.charge USING (intent_id)
    GROUP BY intent_id
"""
_BALANCES: Final = """
    SELECT currency, posted_debits - posted_credits AS balance FROM payments.account
    WHERE kind = '{kind}' AND posted_debits <> posted_credits
"""
_BREAKS: Final = "SELECT source, type, count(*) FROM payments.break WHERE state = 'open' GROUP BY source, type"
_REPORT_BREAKS: Final = {"wrong_amount": "amount", "twice": "duplicate", "not": "missing"}
"""The break that a fault of a settlement report is, by how the processor settles a card."""

_PAYOUTS: Final = """
    SELECT batch.payout_amount AS expected, coalesce(sum(payout.amount), 0) AS paid, count(payout.bank_file_id) AS files
    FROM payments.batch LEFT JOIN payments.payout USING (batch_id)
    GROUP BY batch.batch_id, batch.payout_amount
    HAVING batch.payout_amount <> coalesce(sum(payout.amount), 0)
        OR count(payout.bank_file_id) <> (batch.payout_amount > 0)::int
"""


class Truth:
    """What the processor has done, of each payment."""

    def __init__(self) -> None:
        self.captures: Final[defaultdict[Any, list[int]]] = defaultdict(list)
        self.refunds: Final[defaultdict[Any, list[int]]] = defaultdict(list)
        self.owed: Final[Counter[str]] = Counter()
        """What the processor owes for captures less refunds, of each currency."""

    def add(self, attempt: Any) -> None:
        """Add a call that the processor has approved."""
        is_capture = attempt["operation"] == "capture" or (
            attempt["operation"] == "authorise" and attempt["capture_method"] == "automatic"
        )
        if is_capture:
            self.captures[attempt["intent_id"]].append(attempt["amount"])
            self.owed[attempt["currency"]] += attempt["amount"]
        elif attempt["operation"] == "refund":
            self.refunds[attempt["intent_id"]].append(attempt["amount"])
            self.owed[attempt["currency"]] -= attempt["amount"]


async def judge_step(world: World) -> list[str]:
    """Return what is wrong after a step, one sentence each."""
    problems, truth = await _compare_calls(world)
    problems += [f"The ledger is unbalanced in {row['currency']}." for row in await _fetch(world, _UNBALANCED)]
    problems += [f"{_name(row)} has no shadow in the ledger." for row in await _fetch(world, _WITHOUT_SHADOW)]
    for row in await _fetch(world, _PAYMENTS):
        captured = truth.captures[row["intent_id"]]
        if len(captured) > 1 or row["captures"] > 1:
            problems.append(f"{_name(row)} was charged {max(len(captured), row['captures'])} times.")
        if sum(captured) > row["amount"] or sum(truth.refunds[row["intent_id"]]) > sum(captured):
            problems.append(f"{_name(row)}: the processor has moved more than was asked for.")
        if row["amount_received"] and row["amount_received"] != sum(captured):
            problems.append(f"{_name(row)} counts as paid with {row['amount_received']}; in truth {sum(captured)}.")
    return problems


async def judge_end(world: World) -> list[str]:
    """Return what is wrong when everything has ended: nothing is in doubt, and every amount is the processor's."""
    problems = await judge_step(world)
    _, truth = await _compare_calls(world)
    problems += [
        f"{_name(row)} is {row['state']}, and has a shadow in the ledger." for row in await _fetch(world, _LEFT_SHADOWS)
    ]
    for row in await _fetch(world, _ATTEMPTS):
        if row["state"] not in _ENDED:
            problems.append(f"{format_id(ATTEMPT_PREFIX, row['attempt_id'])} is still {row['state']}.")
    for row in await _fetch(world, _PAYMENTS):
        if row["state"] in _MOVING or row["refunding"]:
            problems.append(f"{_name(row)} is still {row['state']}, with {row['refunding']} being refunded.")
        ours = row["amount_received"], row["refunded"]
        theirs = sum(truth.captures[row["intent_id"]]), sum(truth.refunds[row["intent_id"]])
        if ours != theirs:
            problems.append(f"{_name(row)} has {ours} as captured and refunded; the processor has {theirs}.")
    owed = {currency: amount - world.till.paid_by_processor[currency] for currency, amount in truth.owed.items()}
    problems += await _compare_balances(world, "processor_receivable", owed)
    problems += await _compare_balances(world, "bank", world.till.booked)
    return problems + await _judge_batches(world) + await _judge_breaks(world) + await judge_audit(world)


async def judge_books(world: World) -> list[str]:
    """Return what is wrong when a person has closed the books: all days are closed, each report with the one before."""
    rows = await _fetch(world, "SELECT day, sha256, report FROM payments.closed_day ORDER BY day")
    problems = []
    if [row["day"] for row in rows] != world.days():
        problems.append(f"{len(rows)} days are closed, and {len(world.days())} are over.")
    for earlier, later in pairwise(rows):
        if json.loads(later["report"])["previous_sha256"] != earlier["sha256"].hex():
            problems.append(f"The report of {later['day']} doesn't follow that of the day before.")
    return problems + await judge_audit(world)


async def _compare_balances(world: World, kind: str, expected: Mapping[str, int]) -> list[str]:
    """Compare an account of the organisation, in all currencies, with what it should have."""
    found = {row["currency"]: row["balance"] for row in await _fetch(world, _BALANCES.format(kind=kind))}
    wanted = {currency: amount for currency, amount in expected.items() if amount}
    return [] if found == wanted else [f"The account {kind} has {found}, and should have {wanted}."]


async def _judge_breaks(world: World) -> list[str]:
    """Return what is wrong with breaks: there is one for each planted fault, and no other."""
    expected = Counter({("bank", fault): count for fault, count in world.till.faults.items()})
    for day in world.days():
        for line, settled in world.bank.list_settled(day):
            del line
            if settled in _REPORT_BREAKS:
                expected["report", _REPORT_BREAKS[settled]] += 1
    found = Counter({(row["source"], row["type"]): row["count"] for row in await _fetch(world, _BREAKS)})
    return [] if found == +expected else [f"The open breaks are {dict(found)}, and should be {dict(+expected)}."]


async def _judge_batches(world: World) -> list[str]:
    """Return what is wrong with batches: each follows from the journal, byte for byte, and is paid out once."""
    problems = []
    assert world.organisation_id is not None
    async with world.database.connection() as connection:
        batches = await list_batches(connection, organisation_id=world.organisation_id, limit=1_000)
        for batch in batches:
            try:
                await recompute_content(connection, batch)
            except JournalError as error:
                problems.append(str(error))
    return problems + [
        f"A batch pays {row['expected']}, and its payouts are {row['paid']}, in {row['files']} files."
        for row in await _fetch(world, _PAYOUTS)
    ]


async def count_batches(world: World) -> int:
    """Return how many batches there are."""
    return len(await _fetch(world, "SELECT batch_id FROM payments.batch"))


async def judge_audit(world: World) -> list[str]:
    """Return the faults that the audit finds."""
    assert world.organisation_id is not None
    audit = await audit_ledger(world.database, organisation_id=world.organisation_id)
    return [f"audit: {fault}" for fault in audit.faults]


async def _compare_calls(world: World) -> tuple[list[str], Truth]:
    """Compare each call that has ended with what the processor has done."""
    problems, truth = [], Truth()
    for row in await _fetch(world, _ATTEMPTS):
        name = format_id(ATTEMPT_PREFIX, row["attempt_id"])
        call = world.bank.find(name)
        is_done = call is not None and isinstance(call.outcome, Approved)
        if is_done:
            truth.add(row)
        if row["state"] == "succeeded" and not is_done:
            problems.append(f"{name} ({row['operation']}) counts as done, but the processor hasn't done it.")
        # The customer passed the authentication when the payment was being canceled.
        was_canceled = row["error_code"] == "canceled" and row["capture_method"] == "manual"
        if row["state"] in {"declined", "not_sent"} and is_done and not was_canceled:
            problems.append(f"{name} ({row['operation']}) counts as {row['state']}, but the processor has done it.")
    return problems, truth


async def _fetch(world: World, statement: str) -> list[Any]:
    async with world.database.connection() as connection:
        return list(await connection.fetch(statement))


def _name(row: Any) -> str:
    return format_id(INTENT_PREFIX, row["intent_id"])
