"""A simulated world: a merchant's customers pay, processes die, calls get lost, and time passes, all by a seed."""

import random
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from payment_bank import PAID_AFTER, Bank
from payment_faults import CrashError, Crashes, CrashingDatabase, FaultyProcessor, SteppedClock

from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_organisation
from ninefold.systems.payments.model.merchants import Merchant, MerchantChanges
from ninefold.systems.payments.model.outcomes import Approved
from ninefold.systems.payments.model.payments import Attempt, Intent, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.processors.simulator.bank import SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Book
from ninefold.systems.payments.processors.simulator.script import Chances
from ninefold.systems.payments.reconciliation_errors import DayClosedError, StatementKnownError
from ninefold.systems.payments.rules.banking_days import business_day
from ninefold.systems.payments.rules.inquiries import inquiry_duration_max
from ninefold.systems.payments.rules.statement_lines import parse_statement
from ninefold.systems.payments.service.breaks import list_breaks, resolve_break
from ninefold.systems.payments.service.closing_days import close_day
from ninefold.systems.payments.service.doubts import claim_due, close_doubt, list_doubts
from ninefold.systems.payments.service.expiry import expire_due
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.matching import match_lines
from ninefold.systems.payments.service.merchants import create_merchant
from ninefold.systems.payments.service.reconciling import reconcile_day
from ninefold.systems.payments.service.sealing import seal_journal
from ninefold.systems.payments.service.settling import delivery_of, settle_merchant
from ninefold.systems.payments.service.statements import import_statement
from ninefold.systems.payments.service.steps import Evidence
from ninefold.systems.payments.service.webhooks import apply_event
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.payments import intent_list

BEGINS_AT: Final = datetime(2026, 11, 23, 14, tzinfo=UTC)
ASKED_AT_ONCE: Final = 20
INTENTS_MAX: Final = 1_000

CARDS: Final = {
    "pm_card_visa": 40,
    "pm_card_mastercard": 10,
    "pm_card_chargeDeclined": 6,
    "pm_card_authenticationRequired": 6,
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": 2,
    "pm_card_lostRequest": 4,
    "pm_card_lostAnswer": 4,
    "pm_card_lostAnswerDeclined": 3,
    "pm_card_neverKnown": 2,
    "pm_card_lostCaptureAnswer": 4,
    "pm_card_lostRefundAnswer": 4,
    "pm_card_lostCancelAnswer": 4,
    "pm_card_captureRefused": 3,
    "pm_card_refundFail": 3,
    "pm_card_settledWrongAmount": 2,
    "pm_card_notSettled": 2,
    "pm_card_settledTwice": 2,
}
MOMENTS_S: Final = (1, 2, 2, 3, 3, 4, 20, 60, 600, 7_200, 40_000)
DRAIN: Final = timedelta(days=3)
DRAIN_STEP: Final = timedelta(hours=4)
CLOSING_TRIES: Final = 6


class World:
    """A merchant, its payments, a processor and the time.

    Args:
        database: an empty one with all tables.
        folder: for bank files.
        seed: of everything that happens.
        crashes: decides when processes die.
    """

    def __init__(self, database: Database, folder: Path, *, seed: str, crashes: Crashes) -> None:
        self.clock: Final = SteppedClock(BEGINS_AT)
        self.crashes: Final = crashes
        self.database: Final = CrashingDatabase(database, crashes)
        self.bank: Final = SimulatedProcessor(Book(":memory:"), Chances())
        self.processor: Final = FaultyProcessor(self.bank, random.Random(f"{seed} network"), self.clock)
        self.till: Final = Bank(self.bank, random.Random(f"{seed} bank"))
        self.steps: Final[Counter[str]] = Counter()
        self.refused: Final[Counter[str]] = Counter()
        self.merchants: Final[list[Merchant]] = []
        self.problems: Final[list[str]] = []
        """Errors that nobody expects."""
        self.organisation_id: UUID | None = None
        self._statement: bytes | None = None
        """What the bank has written, and what may not be imported yet."""
        self._dice: Final = random.Random(f"{seed} steps")
        self._flow: Final = PaymentFlow(
            self.database, Processors({"simulator": self.processor}), PaymentsSettings(), self.clock
        )
        self._delivery: Final = delivery_of(PaymentsSettings(bank_files_folder=str(folder)))
        self.processor.deliver = lambda event: apply_event(self.database, self._flow, event)

    async def begin(self, *, merchants: int) -> None:
        """Create an organisation with merchants."""
        async with self.database.transaction() as connection:
            organisation = await create_organisation(connection, name="simulated")
            self.organisation_id = organisation.organisation_id
            for number in range(merchants):
                created = await create_merchant(
                    connection,
                    organisation_id=organisation.organisation_id,
                    name=f"Merchant {number}",
                    changes=MerchantChanges(
                        hold_days=number,
                        first_payout_days=number,
                        reserve_bps=500 * number,
                        reserve_days=number,
                        bank_account_name="Account",
                        bank_routing_number="011000015",
                        bank_account_number=f"00012345{number:04d}",
                        bank_account_kind="checking",
                    ),
                    at=self.clock.now(),
                )
                self.merchants.append(created.merchant)

    async def step(self) -> str:
        """Do something; return what it was. A process that dies in it has done only a part of it."""
        actions = {
            self._pay: 30,
            self._confirm: 10,
            self._capture: 12,
            self._cancel: 6,
            self._refund: 10,
            self._authenticate: 8,
            self._ask: 14,
            self._take_webhooks: 8,
            self._expire: 3,
            self._seal: 4,
            self._settle: 5,
            self._take_statement: 4,
            self._reconcile: 4,
            self._close_doubts: 2,
            self._wait: 14,
        }
        [action] = self._dice.choices(list(actions), weights=list(actions.values()))
        await self.attempt(action)
        return action.__name__.removeprefix("_")

    async def attempt(self, action: Callable[[], Awaitable[None]], *, can_crash: bool = True) -> None:
        """Do something during which processes can die."""
        self.steps[action.__name__.removeprefix("_")] += 1
        self.crashes.is_possible = can_crash
        try:
            await action()
        except CrashError:
            # Another process goes on, which knows only what is committed.
            pass
        except NinefoldError as error:
            self.refused[error.code] += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, it is a problem of this world.
            where = traceback.extract_tb(error.__traceback__)
            path = " > ".join(frame.name for frame in where if "ninefold/systems" in frame.filename)
            self.problems.append(f"{type(error).__name__}: {error} ({path})")
        finally:
            self.crashes.is_possible = False

    async def drain(self) -> None:
        """Let time pass without faults until everything has ended that ends by itself, and a person closes the rest."""
        self.processor.is_faulty = False
        ends_at = self.clock.now() + DRAIN
        while self.clock.now() < ends_at:
            self.clock.move(DRAIN_STEP)
            await self.attempt(self._take_webhooks, can_crash=False)
            await self.attempt(self._ask, can_crash=False)
        self.till.is_faulty = False
        for action in (
            *(self._close_doubts, self._expire, self._settle_all, self._seal),
            *(self._reconcile_all, self._take_statement, self._reconcile_all),
        ):
            await self.attempt(action, can_crash=False)

    async def close_books(self) -> None:
        """Let a person resolve all breaks and close all days; the process dies now and then."""
        for _ in range(CLOSING_TRIES):
            await self.attempt(self._resolve_breaks)
            await self.attempt(self._close_days)

    def days(self) -> list[date]:
        """Return the days (UTC) that are over, and that the processor pays by now."""
        last = (self.clock.now() - PAID_AFTER).date()
        first = BEGINS_AT.date()
        return [first + timedelta(days=number) for number in range((last - first).days)]

    async def list_intents(self) -> list[Intent]:
        """Return all payments, newest first."""
        assert self.organisation_id is not None
        async with self.database.connection() as connection:
            return await intent_list(
                connection,
                organisation_id=self.organisation_id,
                merchant_id=None,
                state=None,
                before=None,
                limit=INTENTS_MAX,
            )

    async def _pay(self) -> None:
        currency = self._dice.choice(["USD", "USD", "EUR", "JPY"])
        [token] = self._dice.choices(list(CARDS), weights=list(CARDS.values()))
        await self._flow.create(
            self._dice.choice(self.merchants),
            NewIntent(
                amount=self._dice.randint(1, 200_000),
                currency=currency,
                capture_method=self._dice.choice(["automatic", "manual"]),
            ),
            payment_method=token,
            confirm=self._dice.random() < 0.8,  # noqa: PLR2004
        )

    async def _confirm(self) -> None:
        intent = await self._choose("requires_confirmation", "requires_payment_method", "requires_action")
        if intent is not None:
            # A customer who doesn't authenticate takes another card.
            is_free = intent.payment_method_id is not None and intent.state != "requires_action"
            token = None if is_free else "pm_card_visa"
            await self._flow.confirm(intent.merchant_id, intent.intent_id, payment_method=token)

    async def _capture(self) -> None:
        intent = await self._choose("requires_capture")
        if intent is not None:
            amount = self._dice.choice([None, max(1, intent.amount // 3)])
            await self._flow.capture(intent.merchant_id, intent.intent_id, amount=amount)

    async def _cancel(self) -> None:
        intent = await self._choose("requires_capture", "requires_action", "requires_confirmation", "in_doubt")
        if intent is not None:
            await self._flow.cancel(intent.merchant_id, intent.intent_id)

    async def _refund(self) -> None:
        intent = await self._choose("succeeded")
        if intent is not None:
            amount = self._dice.choice([None, max(1, intent.amount_received // 4)])
            await self._flow.refund(intent.merchant_id, intent.intent_id, amount=amount)

    async def _authenticate(self) -> None:
        """Let a customer pass or fail, which a webhook will tell."""
        intent = await self._choose("requires_action", "in_doubt")
        if intent is not None and intent.action_url is not None:
            reference = intent.action_url.rpartition("/")[2]
            is_passed = self._dice.random() < 0.8  # noqa: PLR2004
            call = self.bank.authenticate(reference, is_passed=is_passed, at=self.clock.now())
            if call is not None:
                self.processor.announce(call, at_least=1)

    async def _ask(self) -> None:
        """Ask the processor about what is due, as the worker's task does."""
        self.processor.let_late_calls_arrive()
        at = self.clock.now()
        async with self.database.transaction() as connection:
            claimed_until = at + inquiry_duration_max(self._flow.limits.processor_timeout)
            due = await claim_due(connection, at=at, claimed_until=claimed_until, limit=ASKED_AT_ONCE)
        for attempt in due:
            await self._flow.resume(attempt)

    async def _take_webhooks(self) -> None:
        await self.processor.deliver_webhooks()

    async def _expire(self) -> None:
        await expire_due(self.database, at=self.clock.now(), limits=self._flow.limits)

    async def _seal(self) -> None:
        await seal_journal(self.database, at=self.clock.now())

    async def _settle(self) -> None:
        await self._settle_merchant(self._dice.choice(self.merchants))

    async def _settle_all(self) -> None:
        for merchant in self.merchants:
            await self._settle_merchant(merchant)

    async def _settle_merchant(self, merchant: Merchant) -> None:
        """End the merchant's day, and settle it."""
        at = self.clock.now()
        day = business_day(at, cutoff=merchant.cutoff, zone=merchant.time_zone)
        await settle_merchant(self.database, merchant, day=day, at=at, delivery=self._delivery)

    async def _take_statement(self) -> None:
        """Import what the bank has written, and match it; after a crash, the same file comes again."""
        organisation_id, at = self._organisation(), self.clock.now()
        # What was on its way for seconds has arrived long before the processor pays.
        self.processor.let_late_calls_arrive()
        if self._statement is None:
            self._statement = await self.till.write_statement(self.database, first=BEGINS_AT.date(), at=at)
        if self._statement is not None:
            with suppress(StatementKnownError):
                async with self.database.transaction() as connection:
                    await import_statement(
                        connection,
                        parse_statement(self._statement),
                        organisation_id=organisation_id,
                        name="statement",
                        content=self._statement,
                        imported_by="bank",
                        at=at,
                    )
            self._statement = None
        await match_lines(self.database, organisation_id=organisation_id, at=at)

    async def _reconcile(self) -> None:
        if days := self.days():
            await self._reconcile_day(self._dice.choice(days))

    async def _reconcile_all(self) -> None:
        for day in self.days():
            await self._reconcile_day(day)

    async def _reconcile_day(self, day: date) -> None:
        organisation_id = self._organisation()
        await reconcile_day(self.database, self._flow, organisation_id=organisation_id, day=day, clock=self.clock)

    async def _resolve_breaks(self) -> None:
        """Say why each break is none, as a person does."""
        organisation_id = self._organisation()
        async with self.database.connection() as connection:
            found = await list_breaks(connection, organisation_id=organisation_id, state="open", limit=INTENTS_MAX)
        for each in found:
            async with self.database.transaction() as connection:
                await resolve_break(
                    connection,
                    organisation_id=organisation_id,
                    break_id=each.break_id,
                    evidence="as planted",
                    correction=None,
                    resolved_by="a person",
                    at=self.clock.now(),
                )

    async def _close_days(self) -> None:
        organisation_id = self._organisation()
        for day in self.days():
            with suppress(DayClosedError):
                async with self.database.transaction() as connection:
                    await close_day(
                        connection,
                        organisation_id=organisation_id,
                        day=day,
                        closed_by="a person",
                        at=self.clock.now(),
                    )

    def _organisation(self) -> UUID:
        assert self.organisation_id is not None, "the world has begun"
        return self.organisation_id

    async def _close_doubts(self) -> None:
        """Close what only a person can: by what the processor really has."""
        assert self.organisation_id is not None
        async with self.database.connection() as connection:
            doubts = await list_doubts(
                connection, organisation_id=self.organisation_id, state="needs_person", after=None, limit=INTENTS_MAX
            )
        for attempt in doubts:
            await self._close(attempt)

    async def _close(self, attempt: Attempt) -> None:
        assert self.organisation_id is not None
        call = self.bank.find(attempt.our_reference)
        verdict = "not_sent" if call is None else "declined"
        if call is not None and isinstance(call.outcome, Approved):
            verdict = "succeeded"
        async with self.database.transaction() as connection:
            await close_doubt(
                connection,
                organisation_id=self.organisation_id,
                attempt_id=attempt.attempt_id,
                verdict=verdict,  # type: ignore[arg-type]  # it is one of the three.
                processor_reference=None if call is None else call.reference,
                evidence=Evidence(kind="processor_status", text="as the processor says", closed_by="a person"),
                at=self.clock.now(),
                limits=self._flow.limits,
            )

    async def _wait(self) -> None:
        self.clock.move(timedelta(seconds=self._dice.choice(MOMENTS_S)))

    async def _choose(self, *states: str) -> Intent | None:
        """Return a payment in one of these states, mostly a recent one; None if there is none."""
        found = [intent for intent in await self.list_intents() if intent.state in states]
        return self._dice.choice(found[:10]) if found else None
