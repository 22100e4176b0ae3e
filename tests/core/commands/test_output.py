import json

import pytest

from ninefold.core.commands import print_fields, print_json, print_note, print_table, state_text

LONG_ID = "dlv_01h455vb4pex5vsknk084sn02q"


def test_json_goes_to_standard_output_alone(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "ä", "items": [1.5]})

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"name": "ä", "items": [1.5]}
    assert "ä" in captured.out
    assert captured.err == ""


def test_pipe_gets_whole_rows(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "other", "state"], [[LONG_ID, LONG_ID, state_text("failed")], [LONG_ID, None, 3]], empty="none")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].split() == [LONG_ID, LONG_ID, "✗", "failed"]
    assert lines[2].split() == [LONG_ID, "-", "3"]


def test_empty_table_teaches_the_first_step_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id"], [], empty="Make one: [ninefold] keys create")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Make one: [ninefold] keys create\n"


def test_text_is_never_taken_for_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id"], [["[red]x[/red]"]], empty="none")
    print_fields({"name": "[bold]y"})

    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert "[bold]y" in shown


def test_note_is_not_data(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("Revoked.")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("state", ["queued", "retrying", "delivered", "failed", "canceled", "something new"])
def test_state_is_never_told_by_colour_alone(state: str) -> None:
    icon, _, name = state_text(state).plain.partition(" ")

    assert name == state
    assert icon
