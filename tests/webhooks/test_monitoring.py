"""The files for Prometheus and Grafana agree with the definitions of the alerts, and name metrics that exist."""

import json
import re
import runpy
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import REGISTRY

import ninefold.systems.webhooks.wiring  # noqa: F401  # it defines the metrics.
from ninefold.systems.webhooks.rules.alert_rules import ALERT_RULES
from ninefold.systems.webhooks.settings import WebhooksSettings
from tidy.tree import ROOT

DEPLOY: Final = ROOT / "deploy"
SCRIPT: Final = runpy.run_path(str(ROOT / "scripts" / "monitoring.py"))
FILES: Final[dict[Path, str]] = SCRIPT["files"]()

_METRIC: Final = re.compile(r"\bninefold_[a-z_]+")
_LABEL: Final = re.compile(r"(ninefold_[a-z_]+)\{([^}]*)\}")


def rules() -> list[dict[str, Any]]:
    text = (DEPLOY / "prometheus" / "ninefold-webhooks.rules.yml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["groups"][0]["rules"]
    return found


def expressions() -> list[str]:
    dashboard = json.loads((DEPLOY / "grafana" / "ninefold-webhooks.json").read_text(encoding="utf-8"))
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *targets]


def existing_metrics() -> set[str]:
    """Return the names of all samples that this process can have at /metrics, also of those without a value yet."""
    names = set()
    for family in REGISTRY.collect():
        names |= {family.name, f"{family.name}_total" if family.type == "counter" else family.name}
        if family.type == "histogram":
            names |= {f"{family.name}_{suffix}" for suffix in ("bucket", "sum", "count")}
    return names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_are_what_the_script_writes(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == FILES[file]


def test_every_metric_that_is_named_exists() -> None:
    named = {name for expression in expressions() for name in _METRIC.findall(expression)}
    assert len(named) >= 10
    assert named - existing_metrics() == set()


def test_every_definition_has_a_rule_with_its_threshold() -> None:
    by_kind = {rule["labels"]["kind"]: rule for rule in rules()}
    for definition in ALERT_RULES:
        setting = definition.threshold_setting
        threshold = 0 if setting is None else getattr(WebhooksSettings(), setting)
        rule = by_kind.pop(definition.kind)
        assert f"> {threshold:g}" in rule["expr"]
        assert (rule["annotations"]["summary"], rule["annotations"]["description"]) == (
            definition.title,
            definition.meaning,
        )
    assert list(by_kind) == ["alert_messages"]


def test_braces_and_brackets_are_balanced_and_windows_are_durations() -> None:
    for expression in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert expression.count(opening) == expression.count(closing)
        assert all(re.fullmatch(r"\d+[smh]", window) for window in re.findall(r"\[([^]]*)\]", expression))
        assert all('="' in labels or '=~"' in labels or '!~"' in labels for _, labels in _LABEL.findall(expression))


def test_metrics_have_no_labels_that_grow_with_customers() -> None:
    for family in REGISTRY.collect():
        if family.name.startswith("ninefold_webhooks"):
            labels = {name for sample in family.samples for name in sample.labels}
            assert labels <= {"status", "error_class", "kind", "channel", "outcome", "le", "queue", "tier"}
