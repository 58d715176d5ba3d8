"""Alertmanager's API, version 2: the alerts that fire, and those that have ended.

Alertmanager is told of each firing alert again at every evaluation, with an end that lies some
evaluations ahead: should the monitor die, its alerts end by themselves.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from demur.interop.escaping import unaddressed
from demur.monitor.receivers import Message
from demur.monitor.receivers.posting import post
from demur.monitor.report import alert_data, moment
from demur.monitor.run import Evaluation, Status
from demur.runtime.evaluator import Evaluator

LASTS = 4
"""Evaluations for which an alert that is not told again goes on."""
PATH = "/api/v2/alerts"
UNREADABLE = "demur-journal-unreadable"
"""The alert that says that no other is known to be quiet."""


def message(evaluation: Evaluation, evaluator: Evaluator, resend: float) -> Message | None:
    """The alerts that fire or have just ended, and one for lines that cannot be read; None for none."""
    found = [
        _alert(one, evaluation, evaluator, resend)
        for one in evaluation.statuses
        if one.is_firing or one.has_ended
    ]
    if evaluation.unreadable:
        found.append(_unreadable(evaluation, evaluator, resend))
    return {"alerts": found} if found else None


def send(target: str, message: Message, timeout: float) -> None:
    """Posts the alerts. `target` is Alertmanager's URL. Raises OSError."""
    url = target.rstrip("/")
    post(url if urlsplit(url).path.endswith(PATH) else url + PATH, message["alerts"], timeout)


def label(name: str) -> str:
    """A dimension as the name of a label: `request.tenant` is `request_tenant`."""
    return re.sub(r"\W", "_", name, flags=re.ASCII)


def _unreadable(evaluation: Evaluation, evaluator: Evaluator, resend: float) -> dict[str, Any]:
    lines = evaluation.unreadable
    return {
        "labels": {"alertname": UNREADABLE, "policy": evaluator.name, "severity": "ticket"},
        "annotations": {
            "summary": f"{lines:,} of the journal's lines cannot be read",
            "description": "What they hide is not known, so no alert over them is known to be quiet.",
            "owner": evaluator.policy.owner,
            "digest": evaluator.digest,
        },
        "startsAt": moment(evaluation.at),
        "endsAt": moment(evaluation.at + LASTS * resend),
    }


def _alert(
    status: Status, evaluation: Evaluation, evaluator: Evaluator, resend: float
) -> dict[str, Any]:
    data = alert_data(status)
    ends = evaluation.at if status.has_ended else evaluation.at + LASTS * resend
    started = status.started if status.started is not None else evaluation.at
    facts = {
        "value": data["value"],
        "limit": data["limit"],
        "interval": data["interval"],
        "samples": data["samples"],
        "unknown": data["unknown"],
    }
    texts = {
        "summary": f"{status.alert.name}: {data['condition']} ({data['slice']})",
        "description": data["reason"],
        "owner": status.alert.owner,
        "runbook": status.alert.runbook,
        "about": status.alert.about,
        "trace_ids": " ".join(data["trace_ids"]),
        "digest": evaluator.digest,
        **{name: None if value is None else str(value) for name, value in facts.items()},
    }
    labels = {
        "alertname": status.alert.name,
        "policy": evaluator.name,
        "severity": status.alert.severity,
        "burn_rate": status.alert.burn,
        **{label(name): value for name, value in status.labels},
    }
    return {
        "labels": {name: unaddressed(value) for name, value in labels.items() if value},
        "annotations": {name: unaddressed(text) for name, text in texts.items() if text},
        "startsAt": moment(started),
        "endsAt": moment(ends),
    }
