"""A dashboard for Grafana over what a service counts: decisions, failures, metrics, alerts, deploys."""

from __future__ import annotations

from typing import Any

from demur.export.grafana.groups import Subject, groups, subject
from demur.export.grafana.panels import DATASOURCE, placed
from demur.export.names import check_names
from demur.interop.escaping import printable_lines
from demur.interop.json import json_text
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.names import DECISIONS, POLICY_INFO, label

SCHEMA = 39
"""The version of the dashboard's own schema, Grafana 11's; later ones read it."""


def write(evaluator: Evaluator) -> str:
    """The dashboard as JSON text."""
    return json_text(dashboard(evaluator))


def dashboard(evaluator: Evaluator) -> dict[str, Any]:
    """The dashboard as JSON data. Its data source and each slice are variables. Raises `StrangeName`."""
    check_names(evaluator)
    found = subject(evaluator)
    policy = evaluator.policy
    return {
        "uid": f"demur-{evaluator.name}"[:40],
        "title": f"demur: {evaluator.name}",
        "description": printable_lines(policy.about),
        "tags": ["demur", evaluator.name],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": _variables(found)},
        "annotations": {"list": _annotations(found)},
        "panels": placed(groups(found)),
    }


def _variables(subject: Subject) -> list[dict[str, Any]]:
    """The data source, and what each slice is chosen by."""
    source = {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "hide": 0,
        "refresh": 1,
    }
    slices: list[dict[str, Any]] = [
        {
            "name": label(name),
            "label": name,
            "type": "query",
            "datasource": dict(DATASOURCE),
            "query": {
                "query": f'label_values({DECISIONS}{{policy="{subject.policy}"}}, {label(name)})',
                "refId": "values",
            },
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
            "refresh": 2,
            "sort": 1,
            "hide": 0,
        }
        for name in subject.dimensions
    ]
    return [source, *slices]


def _annotations(subject: Subject) -> list[dict[str, Any]]:
    """When other policies began to decide, and when alerts fired."""
    active = f'{POLICY_INFO}{{policy="{subject.policy}", role="active"}}'
    deploys = f"count by (version, digest) ({active}) unless count by (version, digest) ({active} offset 1m)"
    firing = f'ALERTS{{policy="{subject.policy}", alertstate="firing"}}'
    return [
        {
            "name": name,
            "datasource": dict(DATASOURCE),
            "enable": True,
            "hide": False,
            "iconColor": colour,
            "expr": expression,
            "step": "60s",
            "titleFormat": title,
            "textFormat": text,
            "useValueForTime": False,
        }
        for name, colour, expression, title, text in (
            ("Deploys", "blue", deploys, "deployed {{version}}", "{{digest}}"),
            ("Alerts", "red", firing, "{{alertname}}", "{{severity}} {{burn_rate}}"),
        )
    ]
