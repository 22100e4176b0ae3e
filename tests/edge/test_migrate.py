import json

import pytest

from ninefold.edge.cli import run


def test_pending_migrations_are_applied_once(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", empty_database_url)

    assert run(["migrate", "--dry-run", "--json"]) == 0
    pending = json.loads(capsys.readouterr().out)["pending"]
    assert run(["migrate", "--json"]) == 0
    applied = json.loads(capsys.readouterr().out)["applied"]
    assert run(["migrate", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["applied"]

    assert pending == applied
    assert "tenancy/0001_tenancy.sql" in applied
    assert again == []


def test_it_says_that_nothing_is_pending(
    monkeypatch: pytest.MonkeyPatch, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_DATABASE_URL", database_url)

    assert run(["migrate"]) == 0

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "already at this version" in captured.err
