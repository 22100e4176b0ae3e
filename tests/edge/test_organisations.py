import json

import pytest

from ninefold.edge.cli import EXIT_FAILED, run


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)


def test_a_new_organisation_is_listed_and_can_have_its_own_keys(capsys: pytest.CaptureFixture[str]) -> None:
    first = create(capsys, "acme")
    second = create(capsys, "globex")

    assert run(["organisations", "list", "--json"]) == 0
    assert [first, second] == json.loads(capsys.readouterr().out)
    assert first["organisation_id"].startswith("org_")

    assert run(["keys", "create", "--organisation", second["organisation_id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["organisation_id"] == second["organisation_id"]


def test_the_table_shows_ids_and_names(capsys: pytest.CaptureFixture[str]) -> None:
    organisation = create(capsys, "acme & sons")

    assert run(["organisations", "list"]) == 0

    shown = capsys.readouterr().out
    assert organisation["organisation_id"] in shown
    assert "acme & sons" in shown


def test_creating_an_organisation_says_how_to_create_a_key_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["organisations", "create", "acme"]) == 0

    captured = capsys.readouterr()
    assert "acme" in captured.out
    assert "ninefold keys create --organisation org_" in captured.err


def test_an_empty_list_says_how_to_create_an_organisation(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["organisations", "list"]) == 0

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ninefold organisations create" in captured.err


def test_a_truncated_list_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("ninefold.core.tenancy.service.LIST_LENGTH_MAX", 1)
    create(capsys, "acme")
    create(capsys, "globex")

    assert run(["organisations", "list"]) == 0

    captured = capsys.readouterr()
    assert "globex" not in captured.out
    assert "Only the first 1 are shown." in captured.err


@pytest.mark.parametrize("name", ["", " ", "a\x1b[2J", "x" * 201])
def test_an_invalid_name_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["organisations", "create", name]) == EXIT_FAILED

    assert capsys.readouterr().err.startswith("✗ A name must have 1 to 200 printable characters")


def test_the_operators_own_database_is_not_migrated(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", empty_database_url)

    assert run(["organisations", "list"]) == EXIT_FAILED

    assert "ninefold migrate" in capsys.readouterr().err


def create(capsys: pytest.CaptureFixture[str], name: str) -> dict[str, str]:
    assert run(["organisations", "create", name, "--json"]) == 0
    organisation: dict[str, str] = json.loads(capsys.readouterr().out)
    return organisation
