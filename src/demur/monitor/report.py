"""An evaluation as data for programs, and as text for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite, isnan
from typing import Any

from demur.monitor.run import Evaluation, Status, verdict
from demur.runtime.evaluator import Evaluator

VERSION = 1


def moment(at: float) -> str:
    """A time in seconds since the epoch as RFC 3339 has it, in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def data(
    evaluation: Evaluation, evaluator: Evaluator, statuses: Sequence[Status] | None = None
) -> dict[str, Any]:
    """The evaluation as JSON data, with all alerts or the given ones."""
    chosen = evaluation.statuses if statuses is None else statuses
    return {
        "version": VERSION,
        "policy": evaluator.name,
        "digest": evaluator.digest,
        "at": moment(evaluation.at),
        "verdict": verdict(evaluation),
        "records": evaluation.records,
        "untimed": evaluation.untimed,
        "ahead": evaluation.ahead,
        "late": evaluation.late,
        "unreadable": evaluation.unreadable,
        "alerts": [alert_data(one) for one in chosen],
    }


def alert_data(status: Status) -> dict[str, Any]:
    """An alert over one slice as JSON data. What JSON has no number for is text or null."""
    alert, state = status.alert, status.state
    judgement = None if status.finding is None else status.finding.judgements[0]
    measured = None if judgement is None else judgement.measured
    interval = None
    if judgement is not None and measured is not None:
        interval = judgement.difference or measured.interval
    return {
        "alert": alert.name,
        "burn_rate": alert.burn or None,
        "condition": alert.conditions[0].threshold.text,
        "slice": status.slice,
        "labels": dict(status.labels),
        "state": state.state,
        "found": status.found,
        "since": None if status.started is None else moment(status.started),
        "ended": moment(state.resolved) if status.has_ended and state.resolved else None,
        "severity": alert.severity,
        "owner": alert.owner,
        "runbook": alert.runbook,
        "about": alert.about,
        "value": None if measured is None else _number(measured.value),
        "limit": None if judgement is None else _number(judgement.limit),
        "interval": None if interval is None else [_number(interval.low), _number(interval.high)],
        "samples": 0 if measured is None else measured.samples,
        "unknown": 0 if measured is None else measured.unknown,
        "reason": status.reason,
        "trace_ids": [] if judgement is None else list(judgement.cases),
    }


def _number(value: float | None) -> float | str | None:
    if value is None or isnan(value):
        return None
    return value if isfinite(value) else "Infinity" if value > 0 else "-Infinity"
