"""The steps of `ninefold demo callbacks`: start, create a source, let a provider call it, kill processes, compare."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from functools import partial
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ninefold.edge.demo.api import Api
from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.payloads import read_payloads
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress, StepsView
from ninefold.edge.demo.provider import CALLS_PER_S, Call, Kind, Sent, make_calls, send_calls
from ninefold.edge.demo.target import ForwardTarget

EVENTS_MIN: Final = 120
"""The sample has fewer payloads, which would be too few callbacks to watch."""

COMPLETE_WITHIN_S: Final = 60.0
SETTLED_WITHIN_S: Final = 20.0
SHOW_INTERVAL_S: Final = 0.5
POLL_INTERVAL_S: Final = 0.2
KILLS: Final = (("serve", 0.3), ("worker", 0.6))
"""Which processes are killed, and after which part of the calls."""

_EXPLANATIONS: Final = {
    Kind.GENUINE: "signed as GitHub signs",
    Kind.REPEATED: "sent again by the provider, with the same id",
    Kind.REPLAYED: "recorded and sent again by somebody else, with a new id",
    Kind.FORGED: "signed with another secret",
    Kind.TRUNCATED: "cut off on the way",
}


class CallbacksSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    payloads: str
    sent: dict[str, int]
    """Calls, by their kind."""
    resent: int
    """Calls that were sent again, because a process was killed before it answered."""
    killed: list[str]
    arrived: int
    """Genuine callbacks that arrived at the target, byte for byte, with Ninefold's signature."""
    statuses: dict[str, int]
    """What Ninefold says about the callbacks, by status."""
    duration_s: float
    problems: list[str]


async def run_callbacks_demo(*, is_json: bool, events: int | None) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.
        events: how many genuine callbacks are sent; by default one for each payload, but `EVENTS_MIN` at least.

    Returns:
        Whether each genuine callback was passed on once, byte for byte, and none of the others was.
    """
    demonstrate = partial(_demonstrate, events=events)
    view = StepsView("Ninefold demo: callbacks")
    return await present(demonstrate, view, print_summary=_print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[None], *, events: int | None) -> CallbacksSummary:
    file = read_payloads()
    secret = secrets.token_hex(32)
    calls = make_calls(file.payloads, secret=secret, count=events or max(len(file.payloads), EVENTS_MIN))
    target = ForwardTarget({call.body for call in calls if call.kind is Kind.GENUINE})
    async with AsyncExitStack() as stack:
        stack.push_async_callback(target.receiver.close)
        await target.receiver.open()
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        api = await stack.enter_async_context(aclosing(Api(url=installation.url, api_key=installation.api_key)))
        source = await api.create_source(name="Demo", secret=secret, forward_url=target.receiver.url)
        target.verify_with(source.forward_secret)
        started_at_s = time.monotonic()
        sent, killed = await _send_all(installation, source.ingest_url, calls, target, progress)
        progress.say("Waiting until every genuine callback has arrived")
        await target.wait_until_complete(timeout_s=COMPLETE_WITHIN_S)
        statuses = await _settled_statuses(api)
        duration_s = time.monotonic() - started_at_s
        progress.say("Stopping Ninefold and removing its folder")
    return _summarize(
        calls, target, payloads=file.origin, sent=sent, killed=killed, statuses=statuses, duration_s=duration_s
    )


async def _send_all(
    installation: Installation, url: str, calls: Sequence[Call], target: ForwardTarget, progress: Progress[None]
) -> tuple[Sent, list[str]]:
    """Send all calls, and kill the server and a worker in the meantime."""
    killed: list[str] = []
    to_kill = [(name, round(part * len(calls))) for name, part in KILLS]
    shown_at_s = 0.0

    def on_sent(sent: Sent) -> None:
        nonlocal shown_at_s
        if to_kill and sent.answered >= to_kill[0][1]:
            name, _ = to_kill.pop(0)
            if kill_process(installation.pid, [name]):
                killed.append(f"ninefold {name}")
        if time.monotonic() - shown_at_s >= SHOW_INTERVAL_S:
            shown_at_s = time.monotonic()
            progress.say(
                f"Sending {len(calls)} calls at {CALLS_PER_S}/s: {sent.answered} answered, {sent.resent} sent again, "
                f"{target.arrived} genuine ones arrived; killed: {', '.join(killed) or 'nothing yet'}"
            )

    return await send_calls(url, calls, on_sent=on_sent), killed


async def _settled_statuses(api: Api) -> dict[str, int]:
    """Return how many callbacks have each status, once none waits to be verified any more."""
    counts: Counter[str] = Counter(received=1)
    with suppress(TimeoutError):
        async with asyncio.timeout(SETTLED_WITHIN_S):
            while counts["received"]:
                counts = Counter(callback.status for callback in await api.list_callbacks())
                await asyncio.sleep(POLL_INTERVAL_S)
    return dict(counts)


def _summarize(
    calls: Sequence[Call],
    target: ForwardTarget,
    *,
    payloads: str,
    sent: Sent,
    killed: list[str],
    statuses: dict[str, int],
    duration_s: float,
) -> CallbacksSummary:
    kinds = Counter(call.kind for call in calls)
    problems = target.find_problems()
    if statuses.get("verified") != kinds[Kind.GENUINE]:
        problems.append(f"{statuses.get('verified', 0)} callbacks are verified instead of {kinds[Kind.GENUINE]}.")
    if statuses.get("quarantined", 0) < kinds[Kind.FORGED] + kinds[Kind.TRUNCATED]:
        problems.append(f"Only {statuses.get('quarantined', 0)} callbacks are quarantined.")
    if statuses.get("duplicate", 0) < kinds[Kind.REPEATED] + kinds[Kind.REPLAYED]:
        problems.append(f"Only {statuses.get('duplicate', 0)} callbacks are duplicates.")
    if len(killed) < len(KILLS):
        problems.append(f"Not all processes could be killed: {', '.join(killed) or 'none'}.")
    return CallbacksSummary(
        is_complete=not problems,
        payloads=payloads,
        sent={kind.value: kinds[kind] for kind in Kind},
        resent=sent.resent,
        killed=killed,
        arrived=target.arrived,
        statuses=statuses,
        duration_s=round(duration_s, 1),
        problems=problems,
    )


def _print_summary(console: Console, summary: CallbacksSummary) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("calls", no_wrap=True)
    table.add_column("sent", justify="right")
    table.add_column("", style="dim")
    for kind in Kind:
        table.add_row(kind.value, str(summary.sent[kind.value]), _EXPLANATIONS[kind])
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(summary.statuses.items()))
    console.print()
    console.print(table)
    console.print()
    console.print(f"Ninefold's view: {statuses}.")
    console.print(f"Killed meanwhile: {', '.join(summary.killed)}; {summary.resent} calls were sent again.")
    console.print(_verdict(summary))


def _verdict(summary: CallbacksSummary) -> Text:
    if summary.is_complete:
        return Text.assemble(
            ("✓ ", "green"),
            f"{summary.arrived} genuine callbacks were passed on once, in {summary.duration_s:.1f} s, and no other.\n"
            "  Each arrived byte for byte, with a valid signature.",
        )
    lines = [f"\n  {problem}" for problem in summary.problems]
    return Text.assemble(("✗ ", "red"), "Not everything was passed on as it should.", *lines)
