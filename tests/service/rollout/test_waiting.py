"""Nobody waits for a policy that is being admitted, nor for whoever is told of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demur.runtime.evaluator import Evaluator
from demur.service import reload
from demur.service.admission import Terms, admit
from demur.service.reload import Change, LivePolicies, Status, watch
from tests.service.rollout.policies import bundle, evaluator, put

PATIENCE = 60
"""Seconds after which whoever waits is taken to wait for ever."""


class Elsewhere:
    """Asks how the policies stand from another thread, as a scrape of metrics does."""

    def __init__(self) -> None:
        self.policies: LivePolicies | None = None
        self.seen: list[Status] = []
        self._pool = ThreadPoolExecutor(1)

    def look(self) -> None:
        if self.policies is not None:
            self.seen.append(self._pool.submit(self.policies.status).result(PATIENCE))


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    return put(tmp_path / "active", bundle("1.0.0")), put(tmp_path / "candidate", bundle("1.1.0"))


def test_a_status_does_not_wait_for_a_candidate_that_is_being_admitted(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Elsewhere()

    def slow(new: Evaluator, active: Evaluator | None, terms: Terms) -> Evaluator:
        elsewhere.look()
        return admit(new, active, terms)

    monkeypatch.setattr(reload, "admit", slow)
    elsewhere.policies = policies = watch(places[0], candidate=places[1], interval=0)
    put(places[1], bundle("1.2.0"))
    assert policies.reload().candidate_version == "1.2.0"
    assert {one.candidate_version for one in elsewhere.seen} == {"1.1.0"}


def test_a_status_does_not_wait_for_a_hook(places: tuple[Path, Path]) -> None:
    elsewhere = Elsewhere()
    told: list[Change] = []

    def hook(change: Change) -> None:
        told.append(change)
        elsewhere.look()

    elsewhere.policies = policies = watch(
        places[0], candidate=places[1], interval=0, on_change=hook
    )
    policies.promote()
    policies.roll_back()
    put(places[1], bundle("1.2.0"))
    policies.reload()
    policies.withdraw()
    assert [one.version for one in elsewhere.seen] == ["1.1.0", "1.0.0", "1.0.0", "1.0.0"]
    assert [one.changes for one in elsewhere.seen] == [2, 3, 4, 5]
    assert len(told) == 5


def test_what_was_admitted_beside_another_policy_is_admitted_again(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While 1.1.0 is looked at, 1.5.0 becomes active: now it is too old."""
    policies = watch(places[0], interval=0)
    asked: list[str | None] = []

    def slow(new: Evaluator, active: Evaluator | None, terms: Terms) -> Evaluator:
        assert active is not None
        asked.append(active.policy.version)
        ready = admit(new, active, terms)
        if len(asked) == 1:
            put(places[1], bundle("1.5.0"))
            policies._take_up("active", evaluator("1.5.0"), "reload")
        return ready

    monkeypatch.setattr(reload, "admit", slow)
    put(places[0], bundle("1.1.0"))
    status = policies.reload()
    assert asked == ["1.0.0", "1.5.0"]
    assert (status.version, status.is_refusing) == ("1.5.0", True)
    assert status.refusal is not None
    assert status.refusal.code == "DM926"
