"""Write the alert rules for Prometheus and the dashboard for Grafana, or check that they are up to date.

Usage: `monitoring.py` writes the files in `deploy/`. With `--check`, nothing is written, and the exit code is 1 if a
file differs. They come from the definitions of the alerts and the default thresholds.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ninefold.systems.webhooks.rules.alert_rules import ALERT_RULES, ATTEMPTS_EXPRESSION, CLEAR_RATIO, AlertRule
from ninefold.systems.webhooks.settings import WebhooksSettings

ROOT: Final = Path(__file__).parents[1]
RULES: Final = ROOT / "deploy" / "prometheus" / "ninefold-webhooks.rules.yml"
DASHBOARD: Final = ROOT / "deploy" / "grafana" / "ninefold-webhooks.json"

_SETTINGS: Final = WebhooksSettings()
_WINDOW: Final = f"{timedelta(seconds=_SETTINGS.alert_window_s) // timedelta(minutes=1)}m"
_DATA_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_PANEL_WIDTH: Final = 12
_PANEL_HEIGHT: Final = 8

_FURTHER_PANELS: Final = (
    (
        "Deliveries per second",
        "ops",
        {"delivered": 'sum(rate(ninefold_webhooks_attempts_total{status="delivered"}[5m]))'},
    ),
    (
        "Time from acceptance to delivery",
        "s",
        {
            name: f"histogram_quantile({share}, sum by (le) (rate(ninefold_webhooks_delivery_seconds_bucket[5m])))"
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
    ),
    (
        "What waits",
        "short",
        {
            "deliveries queued": "sum(max by (tier) (ninefold_webhooks_queue_depth))",
            "deliveries retrying": "max(ninefold_webhooks_deliveries_retrying)",
            "deliveries waiting": "max(ninefold_webhooks_deliveries_waiting)",
        },
    ),
    ("Attempts in flight", "short", {"in flight": "sum(ninefold_webhooks_attempts_in_flight)"}),
    ("Alerts that are firing", "short", {"{{kind}}": "max by (kind) (ninefold_webhooks_alerts_firing)"}),
    (
        "Messages about alerts",
        "short",
        {"{{channel}} {{outcome}}": "sum by (channel, outcome) (increase(ninefold_webhooks_alert_messages_total[5m]))"},
    ),
)


def threshold_of(rule: AlertRule) -> float:
    """Return the default threshold of a rule."""
    return 0.0 if rule.threshold_setting is None else float(getattr(_SETTINGS, rule.threshold_setting))


def render_rules() -> str:
    """Return the rules for Prometheus, as YAML."""
    lines = [
        "# Written by scripts/monitoring.py from the definitions of the alerts; the thresholds are the defaults.",
        "groups:",
        "  - name: ninefold-webhooks",
        "    rules:",
    ]
    for rule in ALERT_RULES:
        lines += _render_rule(
            f"NinefoldWebhooks{''.join(word.capitalize() for word in rule.kind.split('_'))}",
            expression=_alert_expression(rule),
            # Ninefold's own alerts wait as long before they are resolved.
            keep_firing_for=f"{_SETTINGS.alert_clear_s:g}s",
            kind=rule.kind,
            summary=rule.title,
            description=rule.meaning,
        )
    lines += _render_rule(
        "NinefoldWebhooksMessagesFail",
        expression='sum(increase(ninefold_webhooks_alert_messages_total{outcome="failed"}[15m])) > 0',
        keep_firing_for="60s",
        kind="alert_messages",
        summary="Alerts can't be sent",
        description="The Slack URL or the mail server refuses them. `ninefold alerts list` says why.",
    )
    return "\n".join(lines) + "\n"


def render_dashboard() -> str:
    """Return the dashboard for Grafana, as JSON."""
    dashboard = {
        "title": "Ninefold: webhooks",
        "uid": "ninefold-webhooks",
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "tags": ["ninefold"],
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus"}]},
        "panels": [_place(panel, position) for position, panel in enumerate(_panels())],
    }
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def files() -> Mapping[Path, str]:
    """Return what the files have to contain."""
    return {RULES: render_rules(), DASHBOARD: render_dashboard()}


def _alert_expression(rule: AlertRule) -> str:
    condition = f"{rule.expression.format(window=_WINDOW)} > {threshold_of(rule):g}"
    if not rule.needs_attempts:
        return condition
    attempts = ATTEMPTS_EXPRESSION.format(window=_WINDOW)
    return f"({condition}) and ({attempts} >= {_SETTINGS.alert_attempts_min})"


def _render_rule(
    name: str, *, expression: str, keep_firing_for: str, kind: str, summary: str, description: str
) -> list[str]:
    return [
        f"      - alert: {name}",
        f"        expr: {json.dumps(expression)}",
        f"        keep_firing_for: {keep_firing_for}",
        "        labels:",
        f"          kind: {kind}",
        "          severity: warning",
        "        annotations:",
        f"          summary: {json.dumps(summary, ensure_ascii=False)}",
        f"          description: {json.dumps(description, ensure_ascii=False)}",
    ]


def _panels() -> Iterator[dict[str, Any]]:
    for title, unit, expressions in _FURTHER_PANELS:
        yield _panel(title, unit, expressions)
    for rule in ALERT_RULES:
        threshold = threshold_of(rule)
        unit = {"alert_delivery_time_s_max": "s", None: "short"}.get(rule.threshold_setting, "percentunit")
        panel = _panel(rule.title, unit, {rule.kind.value: rule.expression.format(window=_WINDOW)})
        panel["description"] = rule.meaning
        panel["fieldConfig"]["defaults"]["thresholds"] = {
            "mode": "absolute",
            "steps": [
                {"color": "green", "value": None},
                {"color": "orange", "value": CLEAR_RATIO * threshold},
                {"color": "red", "value": threshold},
            ],
        }
        panel["fieldConfig"]["defaults"]["custom"] = {"thresholdsStyle": {"mode": "line"}}
        yield panel


def _panel(title: str, unit: str, expressions: Mapping[str, str]) -> dict[str, Any]:
    return {
        "type": "timeseries",
        "title": title,
        "datasource": _DATA_SOURCE,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + position), "datasource": _DATA_SOURCE, "expr": expression, "legendFormat": legend}
            for position, (legend, expression) in enumerate(expressions.items())
        ],
    }


def _place(panel: dict[str, Any], position: int) -> dict[str, Any]:
    row, column = divmod(position, 2)
    place = {"x": column * _PANEL_WIDTH, "y": row * _PANEL_HEIGHT, "w": _PANEL_WIDTH, "h": _PANEL_HEIGHT}
    return {"id": position + 1, "gridPos": place, **panel}


def main() -> int:
    """Write the files, or check them; return the exit code."""
    is_check = "--check" in sys.argv[1:]
    outdated = [file for file, text in files().items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    for file in outdated:
        if is_check:
            sys.stderr.write(f"{file.relative_to(ROOT)} is outdated; run scripts/monitoring.py.\n")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files()[file], encoding="utf-8")
    return int(is_check and bool(outdated))


if __name__ == "__main__":
    sys.exit(main())
