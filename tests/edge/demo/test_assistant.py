from typing import Any

import pytest

from ninefold.edge.demo import assistant
from ninefold.edge.demo.assistant import CHARACTERS_BEFORE_KILL, Demonstration


class Progress:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)


class Installation:
    pid = 0


def delta(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text}


def test_text_that_was_on_its_way_when_a_process_was_killed_does_not_count_as_going_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assistant, "kill_process", lambda *_: True)
    progress: Any = Progress()
    installation: Any = Installation()
    demonstration = Demonstration(installation, progress)

    demonstration.on_entry(delta("a" * CHARACTERS_BEFORE_KILL))
    demonstration.on_entry(delta("on its way"))

    assert demonstration.killed == ["ninefold worker"]
    assert demonstration.pauses_s == []

    demonstration.on_entry({"type": "ninefold.response.continued", "reason": "worker_lost"})
    demonstration.on_entry(delta("the next text"))

    assert len(demonstration.pauses_s) == 1
    assert progress.lines[-1].startswith("It goes on after")
