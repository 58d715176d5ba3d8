"""Receivers are told, and what one that is away has missed is told later, in order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from demur.monitor.deliver import Receiver, deliver
from demur.monitor.memory import MAXIMUM_UNSENT
from demur.monitor.run import Evaluation
from demur.runtime.evaluator import Evaluator
from tests.monitor.receiving import receiving
from tests.monitor.traffic import MINUTE, START, evaluations, moment, policy, steady


@pytest.fixture
def watched(tmp_path: Path) -> tuple[Evaluator, dict[int, Evaluation]]:
    """Quiet up to minute 10, firing from 11 to 14, and quiet after."""
    settings = (
        "when: low > 0.2\nwindow: 1m\nby: [request.tenant]\nseverity: page\nno_data: ok\n"
        'runbook: "#low"\nowner: night@example.com\nabout: Scores are low.'
    )
    evaluator = policy(tmp_path, settings)
    rows = [
        *steady(evaluator, 10),
        *steady(evaluator, 4, bad=5, start=10),
        *steady(evaluator, 4, start=14),
    ]
    return evaluator, evaluations(tmp_path, evaluator, rows, range(9, 18))


def test_alertmanager_is_told_each_time_while_it_fires_and_once_when_it_ends(
    watched: tuple[Evaluator, dict[int, Evaluation]],
) -> None:
    evaluator, found = watched
    with receiving() as received:
        receiver = Receiver("alertmanager", received.url)
        for evaluation in found.values():
            told = deliver(evaluation, evaluator, [receiver], {}, MINUTE)
            assert (told.unsent, told.problems) == ({}, ())
    assert [path for path, _ in received.messages] == ["/api/v2/alerts"] * 5
    (first,), *_, (last,) = [alerts for _, alerts in received.messages]
    assert first["labels"] == {
        "alertname": "watched",
        "policy": "watched",
        "severity": "page",
        "request_tenant": "a",
    }
    assert (
        first["startsAt"] == last["startsAt"] == moment(START + 11 * MINUTE).replace("Z", ".000Z")
    )
    assert first["endsAt"] == moment(START + 15 * MINUTE).replace("Z", ".000Z")
    assert last["endsAt"] == moment(START + 15 * MINUTE).replace("Z", ".000Z")
    annotations = first["annotations"]
    assert annotations["value"] == "0.5"
    assert annotations["limit"] == "0.2"
    assert annotations["runbook"] == "runbook.md#low"
    assert annotations["owner"] == "night@example.com"
    assert annotations["about"] == "Scores are low."
    assert annotations["digest"] == evaluator.digest
    assert annotations["trace_ids"].split()[0] == "t00010-a-000"


def test_a_webhook_is_told_of_beginnings_and_ends(
    watched: tuple[Evaluator, dict[int, Evaluation]],
) -> None:
    evaluator, found = watched
    with receiving() as received:
        receiver = Receiver("webhook", f"{received.url}/hook")
        for evaluation in found.values():
            deliver(evaluation, evaluator, [receiver], {}, MINUTE)
    states = [
        [(one["state"], one["ended"] is not None) for one in content["alerts"]]
        for _, content in received.messages
    ]
    assert states == [[("firing", False)], [("inactive", True)]]


@pytest.mark.parametrize("away", ["refuses", "is down"])
def test_a_receiver_that_was_away_gets_everything_in_order(
    watched: tuple[Evaluator, dict[int, Evaluation]], away: str
) -> None:
    evaluator, found = watched
    with receiving() as received:
        url = received.url
        received.status = 503
        target = url if away == "refuses" else "http://127.0.0.1:9"
        unsent = {}
        for evaluation in found.values():
            told = deliver(evaluation, evaluator, [Receiver("webhook", target)], unsent, MINUTE, 2)
            unsent = told.unsent
            if unsent:
                assert told.problems
        assert received.messages == []
        received.status = 200
        back = Receiver("webhook", url)
        unsent = {back.name(b""): next(iter(unsent.values()))}
        told = deliver(found[17], evaluator, [back], unsent, MINUTE)
    assert told.unsent == {}
    assert [content["at"] for _, content in received.messages] == [
        moment(START + minute * MINUTE).replace("Z", ".000Z") for minute in (11, 15)
    ]


def test_what_is_kept_is_bounded_and_what_is_given_up_is_counted(
    watched: tuple[Evaluator, dict[int, Evaluation]],
) -> None:
    evaluator, found = watched
    receiver = Receiver("webhook", "http://127.0.0.1:9")
    kept = {receiver.name(b""): tuple({"number": at} for at in range(MAXIMUM_UNSENT))}
    told = deliver(found[11], evaluator, [receiver], kept, MINUTE, 2)
    assert told.dropped == 1
    assert len(told.unsent[receiver.name(b"")]) == MAXIMUM_UNSENT
    assert told.unsent[receiver.name(b"")][0] == {"number": 1}


def test_lines_that_cannot_be_read_are_told(
    watched: tuple[Evaluator, dict[int, Evaluation]],
) -> None:
    evaluator, found = watched
    open_one = replace(found[9], unreadable=3, newly_unreadable=3)
    known = replace(open_one, newly_unreadable=0)
    with receiving() as received:
        for kind in ("alertmanager", "webhook"):
            receiver = Receiver(kind, received.url)
            for evaluation in (found[9], open_one, known):
                deliver(evaluation, evaluator, [receiver], {}, MINUTE)
    # A webhook is told once, Alertmanager as long as it is so.
    (first,), (again,), hook = [message for _, message in received.messages]
    assert first["labels"] == again["labels"]
    assert first["labels"]["alertname"] == "demur-journal-unreadable"
    assert first["annotations"]["summary"] == "3 of the journal's lines cannot be read"
    assert (hook["unreadable"], hook["alerts"]) == (3, [])
