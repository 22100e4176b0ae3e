from pathlib import Path

from ninefold.edge.demo.messaging.github import tell_news
from ninefold.edge.demo.messaging.script import BOT, DEVICES, SCRIPT
from ninefold.edge.demo.payloads import read_payloads

NAMES = {BOT} | {f"{member} {device}" for member, devices in DEVICES.items() for device in devices}


def test_every_step_is_one_of_a_device_and_about_a_message_that_was_said_before() -> None:
    said: set[str] = set()
    for step in SCRIPT:
        assert step.kind == "kill server" or step.device in NAMES
        if step.kind in {"say", "news"}:
            assert step.label not in said
            said.add(step.label)
        assert {step.label, step.reply_to} - {""} <= said


def test_the_bot_has_news_of_each_type_in_the_included_sample(tmp_path: Path) -> None:
    file = read_payloads(repository=tmp_path)

    news = tell_news(file.payloads)

    assert file.origin.startswith("sample")
    assert {step.text for step in SCRIPT if step.kind == "news"} <= set(news)
    assert "検索" in news["github.issues"]
