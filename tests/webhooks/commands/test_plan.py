"""`ninefold plan` prints what a load needs, from the shipped figures or from those of a benchmark."""

import json
from pathlib import Path
from typing import Final

import pytest

from http_api import Json
from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.commands.plan import plan

LOAD: Final = ["--events", "1000/s", "--fanout", "5", "--latency", "200ms", "--payload", "2KiB", "--retention", "7d"]


def planned(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Json]:
    plan([*LOAD, "--json", *options], result_action="return_value")
    return {line["name"]: line for line in json.loads(capsys.readouterr().out)["lines"]}


def test_each_line_has_its_formula_and_what_it_rests_on(capsys: pytest.CaptureFixture[str]) -> None:
    lines = planned(capsys)
    assert (lines["deliveries"]["value"], lines["connections"]["value"]) == (5_000, 1_000)
    assert all(line["formula"] and line["basis"] for line in lines.values())
    plan(LOAD, result_action="return_value")
    shown = " ".join(capsys.readouterr().out.split())
    assert "deliveries/s * latency" in shown
    # 5,000 requests a second of 2,048 bytes and a head of 350.
    assert "12.0 MB/s" in shown


def test_the_figures_of_a_benchmark_replace_the_shipped_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    delivery = dict.fromkeys([f"cpu_us_per_delivery_{part}" for part in ("server", "worker", "postgresql")], 700.0)
    results = {"ninefold": delivery, "publishing": {"cpu_us_per_event_server": 1_400.0}, "fan_out": 5}
    file = tmp_path / "webhooks.json"
    file.write_text(json.dumps(results), encoding="utf-8")
    measured, shipped = planned(capsys, "--figures", str(file)), planned(capsys)
    # 5,000 deliveries a second of 700 µs each are 3.5 s of CPU time, of which a process gives 0.7.
    assert measured["workers"]["value"] == 5
    assert measured["API processes, one event a request"]["value"] == 2
    assert measured["workers"]["basis"] != shipped["workers"]["basis"]


def test_one_of_something_is_singular(capsys: pytest.CaptureFixture[str]) -> None:
    plan(["--events", "1/d", "--fanout", "1"], result_action="return_value")

    printed = capsys.readouterr().out
    assert "1 process" in printed
    assert "1 processes" not in printed
    assert "1.2e-05/s" in printed


def test_a_payload_that_no_event_can_have_is_refused() -> None:
    load = ["--events", "1/s", "--fanout", "1", "--payload"]
    plan([*load, "1MiB"], result_action="return_value")
    with pytest.raises(InvalidInputError) as raised:
        plan([*load, "1025KiB"], result_action="return_value")

    assert raised.value.field == "--payload"
    assert raised.value.remedy == "Give more than 0 and at most 1 MiB."


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file or directory"):
        plan([*LOAD, "--figures", str(tmp_path / "missing.json")], result_action="return_value")


@pytest.mark.parametrize("content", [None, "[]", "{}", '{"ninefold": {}}', "not JSON"])
def test_a_file_that_is_not_of_the_benchmark_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "webhooks.json"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInputError, match="make bench") as raised:
        plan([*LOAD, "--figures", str(file)], result_action="return_value")
    assert raised.value.field == "--figures"
