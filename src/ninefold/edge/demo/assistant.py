"""The steps of `ninefold demo assistant`: ask the real model, kill the worker and then the engine, and compare.

A reader follows the answer as a page does. What it has seen must in the end be exactly the log, and the log's text the
answer's.
"""

import asyncio
import time
from contextlib import AsyncExitStack, aclosing
from typing import Final

import msgspec
from rich.console import Console
from rich.text import Text

from ninefold.core.commands import as_plain
from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress, StepsView
from ninefold.edge.demo.reader import AnswerReader, AssistantApi, Entry

QUESTION: Final = "Write a long story about a lighthouse and the people who live near it."
OUTPUT_TOKENS: Final = 160
SEED: Final = 7
CHARACTERS_BEFORE_KILL: Final = 120
"""How much of the answer is seen before each process is killed."""

ENDS_WITHIN_S: Final = 120.0
SHOWN_CHARACTERS: Final = 60

_CONTINUED: Final = "ninefold.response.continued"
_DELTA: Final = "response.output_text.delta"


class AssistantSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    answer: str
    output_tokens: int
    killed: list[str]
    continued: list[str]
    """Why the answer was continued, each time."""
    pauses_s: list[float]
    """How long after each kill the answer was continued with its next text."""
    events: int
    """In the log of the answer."""
    duration_s: float
    problems: list[str]


async def run_assistant_demo(*, is_json: bool) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.

    Returns:
        Whether the answer went on after each kill, and what was shown equals the log.
    """
    return await present(
        _demonstrate, StepsView("Ninefold demo: assistant"), print_summary=_print_summary, is_json=is_json
    )


async def _demonstrate(progress: Progress[None]) -> AssistantSummary:
    async with AsyncExitStack() as stack:
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        api = await stack.enter_async_context(
            aclosing(AssistantApi(url=installation.url, api_key=installation.api_key))
        )
        progress.say(f"Asking the model: {QUESTION} It is loaded first")
        started_at_s = time.monotonic()
        response_id = await api.ask(QUESTION, max_output_tokens=OUTPUT_TOKENS, seed=SEED)
        demonstration = Demonstration(installation, progress)
        async with asyncio.timeout(ENDS_WITHIN_S):
            await AnswerReader(api, response_id, on_entry=demonstration.on_entry).run()
        log = await api.list_log(response_id)
        response = await api.get_response(response_id)
        duration_s = time.monotonic() - started_at_s
        progress.say("Stopping Ninefold and removing its folder")
    problems = demonstration.find_problems(log, text=response.text, status=response.status)
    return AssistantSummary(
        is_complete=not problems,
        answer=response.text,
        output_tokens=response.usage.output_tokens,
        killed=demonstration.killed,
        continued=[str(entry.get("reason")) for entry in log if entry["type"] == _CONTINUED],
        pauses_s=[round(pause_s, 1) for pause_s in demonstration.pauses_s],
        events=len(log),
        duration_s=round(duration_s, 1),
        problems=problems,
    )


class Demonstration:
    """Watches the answer, and kills a process whenever enough of it has come."""

    def __init__(self, installation: Installation, progress: Progress[None]) -> None:
        self.killed: list[str] = []
        self.pauses_s: list[float] = []
        self._installation = installation
        self._progress = progress
        self._to_kill = [("worker",), ("process", "assistant.llama")]
        self._seen: list[Entry] = []
        self._text = ""
        self._length_at_kill = 0
        self._killed_at_s: float | None = None
        self._is_continued = False
        """Whether the log says so since the kill. Text before that was on its way when the process was killed."""

    def on_entry(self, entry: Entry) -> None:
        """Look at the next event that the reader has received."""
        self._seen.append(entry)
        if entry["type"] == _CONTINUED:
            self._is_continued = True
            self._progress.say(f"The answer is continued: {str(entry['reason']).replace('_', ' ')}")
        if entry["type"] != _DELTA:
            return
        self._text += str(entry["delta"])
        if self._killed_at_s is not None:
            if self._is_continued:
                self._say_that_it_goes_on(self._killed_at_s)
        elif self._to_kill and len(self._text) - self._length_at_kill >= CHARACTERS_BEFORE_KILL:
            self._kill(self._to_kill.pop(0))

    def find_problems(self, log: list[Entry], *, text: str, status: str) -> list[str]:
        """Return what isn't as it should be."""
        problems = []
        if [entry["sequence_number"] for entry in log] != list(range(len(log))):
            problems.append("The log has gaps.")
        if self._seen != log:
            problems.append(f"What was shown, {len(self._seen)} events, isn't the log, {len(log)} events.")
        if text != self._text:
            problems.append("The text of the answer isn't what was shown.")
        if status not in {"completed", "incomplete"}:
            problems.append(f"The answer is {status}.")
        if self._to_kill or len(self.pauses_s) < len(self.killed):
            problems.append(f"Killed: {', '.join(self.killed) or 'nothing'}; it went on {len(self.pauses_s)} times.")
        reasons = {str(entry["reason"]) for entry in log if entry["type"] == _CONTINUED}
        if reasons != {"worker_lost", "engine_failed"}:
            problems.append(f"The log says that it was continued because of {', '.join(sorted(reasons)) or 'nothing'}.")
        return problems

    def _say_that_it_goes_on(self, killed_at_s: float) -> None:
        self.pauses_s.append(time.monotonic() - killed_at_s)
        self._killed_at_s = None
        self._progress.say(f"It goes on after {self.pauses_s[-1]:.1f} s: …{self._end_of_text()}")

    def _kill(self, command: tuple[str, ...]) -> None:
        self._progress.say(f"It says: …{self._end_of_text()}")
        if not kill_process(self._installation.pid, command):
            return
        self._killed_at_s, self._is_continued = time.monotonic(), False
        self._length_at_kill = len(self._text)
        self.killed.append(" ".join(["ninefold", *command]))
        self._progress.say(f"Killed {self.killed[-1]}, in the middle of the answer")

    def _end_of_text(self) -> str:
        return as_plain(" ".join(self._text.split())[-SHOWN_CHARACTERS:])


def _print_summary(console: Console, summary: AssistantSummary) -> None:
    console.print()
    console.print(Text(as_plain(summary.answer, has_lines=True)))
    console.print()
    for name, pause_s in zip(summary.killed, summary.pauses_s, strict=False):
        console.print(Text(f"Killed {name}; the same answer went on {pause_s:.1f} s later."))
    console.print(_verdict(summary))


def _verdict(summary: AssistantSummary) -> Text:
    if summary.is_complete:
        return Text.assemble(
            ("✓ ", "green"),
            f"{summary.output_tokens} tokens in {summary.duration_s:.1f} s, and what was shown equals the log.\n"
            f"  None of its {summary.events} events is missing, and none came twice.",
        )
    lines = [f"\n  {problem}" for problem in summary.problems]
    return Text.assemble(("✗ ", "red"), "The answer isn't as it should be.", *lines)
