import json
from datetime import datetime, timedelta, timezone

import pytest

from ninefold.core.commands import (
    as_plain,
    print_fields,
    print_json,
    print_json_text,
    print_note,
    print_table,
    state_text,
)

LONG_ID = "dlv_01h455vb4pex5vsknk084sn02q"


def test_json_is_printed_on_standard_output_only(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "ä", "items": [1.5]})

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"name": "ä", "items": [1.5]}
    assert "ä" in captured.out
    assert captured.err == ""


def test_json_text_keeps_numbers_strings_and_repeated_keys(capsys: pytest.CaptureFixture[str]) -> None:
    print_json_text(b'{"total":19.90,"much":1e999,"twice":1,"twice":2,"name":"\\u00e4"}')

    shown = capsys.readouterr().out
    assert shown.split() == [
        *["{", '"total":', "19.90,", '"much":', "1e999,", '"twice":', "1,", '"twice":', "2,"],
        *['"name":', '"\\u00e4"', "}"],
    ]


def test_json_text_that_is_nested_too_deeply_to_be_indented_is_printed_unchanged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = "[" * 5_000 + "]" * 5_000

    print_json_text(text.encode())

    assert capsys.readouterr().out == f"{text}\n"


def test_rows_are_not_wrapped_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id", "other", "state"], [[LONG_ID, LONG_ID, state_text("failed")], [LONG_ID, None, 3]], empty="none")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].split() == [LONG_ID, LONG_ID, "✗", "failed"]
    assert lines[2].split() == [LONG_ID, "-", "3"]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_ids_are_not_broken_on_a_narrow_terminal(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ninefold.core.commands.output.WIDTH_WITHOUT_TERMINAL", width)

    print_table(["Id", "Other", "State"], [[LONG_ID, LONG_ID, state_text("failed")]] * 2, empty="none")

    shown = capsys.readouterr().out
    assert shown.count(LONG_ID) == 4
    assert max(len(line) for line in shown.splitlines()) <= width


def test_rows_that_are_too_wide_are_shown_as_lists_of_names_and_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ninefold.core.commands.output.WIDTH_WITHOUT_TERMINAL", 50)

    print_table(["Id", "Other"], [[LONG_ID, LONG_ID], [LONG_ID, None]], empty="none")

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["Id", LONG_ID], ["Other", LONG_ID], [], ["Id", LONG_ID], ["Other", "-"]]


def test_times_are_shown_in_utc_to_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    time = datetime(2026, 1, 2, 4, 4, 5, 704723, tzinfo=timezone(timedelta(hours=1)))

    print_table(["At"], [[time]], empty="none")
    print_fields({"at": time})

    assert capsys.readouterr().out.split() == ["At", "2026-01-02T03:04:05Z", "at", "2026-01-02T03:04:05Z"]


def test_booleans_are_shown_as_yes_and_no(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"is_running": True, "is_final": False})

    assert capsys.readouterr().out.split() == ["is_running", "yes", "is_final", "no"]


def test_an_empty_table_shows_the_first_step_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id"], [], empty="Make one: [ninefold] keys create")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "Make one: [ninefold] keys create\n"


def test_text_is_never_interpreted_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["id"], [["[red]x[/red]"]], empty="none")
    print_fields({"name": "[bold]y"})

    shown = capsys.readouterr().out
    assert "[red]x[/red]" in shown
    assert "[bold]y" in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\nb\tc\rd\x7f", "a␊b␉c␍d␡"),
        ("\x9b2J", "\N{REPLACEMENT CHARACTER}2J"),
        ("\u202egnp.exe\u2066", "\N{REPLACEMENT CHARACTER}gnp.exe\N{REPLACEMENT CHARACTER}"),
        ("not text: \udcff", "not text: \N{REPLACEMENT CHARACTER}"),
        ("Grüße, 你好, 👩‍🚀", "Grüße, 你好, 👩‍🚀"),
    ],
)
def test_control_characters_are_replaced_with_visible_symbols(
    text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert as_plain(text) == expected

    print_table(["name", "state"], [[text, state_text(text)]], empty="none")
    print_fields({"name": text})

    shown = capsys.readouterr().out
    assert shown.count(expected) == 3
    assert "\x1b" not in shown


def test_a_note_keeps_line_breaks_and_tabs_but_no_other_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("first\n\tsecond \x1b[2J :smile:")

    assert capsys.readouterr().err.splitlines() == ["first", "        second ␛[2J :smile:"]


def test_a_note_is_not_printed_on_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("Revoked.")

    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("state", ["queued", "retrying", "delivered", "failed", "canceled", "something new"])
def test_a_state_has_an_icon_and_its_name_besides_its_colour(state: str) -> None:
    icon, _, name = state_text(state).plain.partition(" ")

    assert name == state
    assert icon
