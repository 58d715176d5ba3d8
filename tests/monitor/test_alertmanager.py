"""A real Alertmanager is told, also of what happened while it was away."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demur.monitor.deliver import Receiver, deliver
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator
from tests.monitor.alertmanager_server import alertmanager, alerts_of
from tests.monitor.traffic import MINUTE, START, evaluations, policy, steady
from tests.real_server import free_port


def told_now(folder: Path) -> tuple[Evaluator, dict[int, Evaluation]]:
    """An alert that begins in minute 5 and ends in minute 8, as if minute 9 were now."""
    evaluator = policy(
        folder,
        "when: low > 0.2\nwindow: 1m\nby: [request.tenant]\nseverity: page\nno_data: ok",
    )
    rows = [
        *steady(evaluator, 4),
        *steady(evaluator, 3, bad=5, start=4),
        *steady(evaluator, 3, start=7),
    ]
    found = evaluations(folder, evaluator, rows, range(4, 10))
    moved = time.time() - (START + 9 * MINUTE)
    return evaluator, {minute: _moved(one, moved) for minute, one in found.items()}


def _moved(evaluation: Evaluation, by: float) -> Evaluation:
    """The evaluation at another time, so that a server with a clock takes it for current."""
    from dataclasses import replace

    def state(one: Any) -> Any:
        times = ("since", "fired", "clear_since", "evaluated", "resolved")
        changed = {name: getattr(one, name) for name in times}
        return replace(one, **{k: None if v is None else v + by for k, v in changed.items()})

    statuses = tuple(
        replace(one, before=state(one.before), state=state(one.state))
        for one in evaluation.statuses
    )
    return replace(evaluation, at=evaluation.at + by, statuses=statuses)


def test_alertmanager_shows_what_fires_and_forgets_what_has_ended(tmp_path: Path) -> None:
    evaluator, found = told_now(tmp_path)
    with alertmanager(tmp_path, free_port()) as url:
        receiver = Receiver("alertmanager", url)

        def tell(minute: int, unsent: Mapping[str, Any]) -> Mapping[str, Any]:
            told = deliver(found[minute], evaluator, [receiver], unsent, 600.0)
            assert told.problems == ()
            return told.unsent

        tell(4, {})
        assert alerts_of(url) == []
        tell(5, {})
        (alert,) = alerts_of(url)
        assert alert["labels"] == {
            "alertname": "watched",
            "policy": "watched",
            "request_tenant": "a",
            "severity": "page",
        }
        assert alert["annotations"]["description"].startswith("0.5 over 10 cases")
        tell(6, {})
        assert len(alerts_of(url)) == 1
        tell(8, {})
        assert alerts_of(url) == []


def test_what_fires_while_alertmanager_is_down_is_there_when_it_is_back(tmp_path: Path) -> None:
    evaluator, found = told_now(tmp_path)
    port = free_port()
    receiver = Receiver("alertmanager", f"http://127.0.0.1:{port}")
    first = deliver(found[5], evaluator, [receiver], {}, 600.0, timeout=60)
    assert first.problems
    second = deliver(found[6], evaluator, [receiver], first.unsent, 600.0, timeout=60)
    assert len(second.unsent[receiver.name(b"")]) == 2
    with alertmanager(tmp_path, port) as url:
        third = deliver(found[7], evaluator, [receiver], second.unsent, 600.0)
        assert (third.unsent, third.problems) == ({}, ())
        (alert,) = alerts_of(url)
        assert alert["startsAt"] == first.unsent[receiver.name(b"")][0]["alerts"][0]["startsAt"]
