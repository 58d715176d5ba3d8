"""Exported rules are pending and firing at the same minutes as `demur monitor` on the same traffic."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.export.promtool import agreed
from tests.monitor.traffic import firing, hourly, policy, steady

Rows = list[dict[str, Any]]


def fault(evaluator: Any, first: int, length: int, after: int, **given: Any) -> Rows:
    """So many good minutes, so many in which eight of ten records are bad, and good ones again."""
    return [
        *steady(evaluator, first, **given),
        *steady(evaluator, length, bad=8, start=first, **given),
        *steady(evaluator, after, start=first + length, **given),
    ]


def silence(evaluator: Any, first: int, length: int, after: int, **given: Any) -> Rows:
    return [
        *steady(evaluator, first, **given),
        *steady(evaluator, after, start=first + length, **given),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        "when: low > 0.2",
        "when: low >= 0.2",
        "when: low > 0.2\nfor: 3m\nkeep_firing_for: 4m",
        "when: low > 0.2\nmin_samples: 45",
        "when: low > baseline * 2\nagainst: 10m",
        "when: low > baseline + 0.15\nagainst: 10m",
        "when: declined > 0.2\nby: [request.tenant]",
        "when: low > baseline * 2\nagainst: 10m\nby: [request.tenant]",
        "when: answered < 0.7",
        "when: answered < baseline * 0.8\nagainst: 10m",
        "when: bad > 12",
        "when: spent > 6000",
        "when: latency > 250",
    ],
)
def test_a_fault_fires_at_the_same_minutes(settings: str, tmp_path: Path) -> None:
    evaluator = policy(tmp_path, f"window: 5m\n{settings}")
    rows = fault(evaluator, 20, 8, 15)
    if "spent" in settings or "latency" in settings:
        rows = [
            *steady(evaluator, 20),
            *steady(evaluator, 8, start=20, latency_ms=900.0),
            *steady(evaluator, 15, start=28),
        ]
    # Of a sum over records that may not count, the rules are nearly the same.
    found = agreed(tmp_path, evaluator, rows, 43, approximate="spent" in settings)
    begun = firing(found, "all" if "by:" not in settings else "request.tenant = a")
    assert 20 < begun[-1] < 43
    assert len([one for one in begun if one > 15]) >= 3


@pytest.mark.parametrize("no_data", ["fire", "keep", "ok"])
@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
@pytest.mark.parametrize("against", ["when: low > 0.2", "when: low > baseline * 2\nagainst: 10m"])
def test_silence_means_the_same(no_data: str, by: str, against: str, tmp_path: Path) -> None:
    evaluator = policy(tmp_path, f"window: 5m\nno_data: {no_data}{by}\n{against}")
    rows = [
        *steady(evaluator, 15),
        *steady(evaluator, 3, bad=8, start=15),
        *steady(evaluator, 12, start=40),
    ]
    found = agreed(tmp_path, evaluator, rows, 52, only=("firing",))
    name = "request.tenant = a" if by else "all"
    assert (30 in firing(found, name)) == (no_data != "ok")


@pytest.mark.parametrize("no_data", ["fire", "keep", "ok"])
@pytest.mark.parametrize("against", ["when: low > 0.2", "when: low > baseline * 2\nagainst: 10m"])
def test_slices_fire_by_themselves_and_one_that_falls_silent(
    no_data: str, against: str, tmp_path: Path
) -> None:
    settings = f"window: 5m\nby: [request.tenant]\nno_data: {no_data}\n{against}"
    evaluator = policy(tmp_path, settings)
    rows = [
        *steady(evaluator, 45),
        *fault(evaluator, 20, 6, 0, tenant="b"),
        *steady(evaluator, 1, each=1, start=3, tenant="seldom"),
    ]
    found = agreed(tmp_path, evaluator, rows, 45, only=("firing",))
    assert 22 in firing(found, "request.tenant = b")
    assert not [one for one in firing(found, "request.tenant = a") if one > 15]


@pytest.mark.parametrize("when", ["declined > 0.3", "latency > 250", "slow > 0.3"])
def test_records_that_were_stopped_before_a_slices_stage_are_in_none_of_its_slices(
    when: str, tmp_path: Path
) -> None:
    evaluator = policy(tmp_path, f"window: 5m\nby: [answer.model]\nno_data: ok\nwhen: {when}")
    rows = [
        *steady(evaluator, 30),
        *steady(evaluator, 30, tenant="closed", score=None, latency_ms=None, model=None),
        *steady(evaluator, 10, bad=8, start=15, tenant="b", model="n", latency_ms=900.0),
    ]
    found = agreed(tmp_path, evaluator, rows, 30)
    assert {one.slice for one in found[25].statuses} == {"answer.model = m", "answer.model = n"}
    assert firing(found, "answer.model = n")
    assert not firing(found, "answer.model = m")


@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
def test_a_metric_of_a_stage_that_no_request_comes_to_is_silent(by: str, tmp_path: Path) -> None:
    evaluator = policy(tmp_path, f"window: 5m\nno_data: fire\nwhen: slow > 0.3{by}")
    refused = {"tenant": "closed", "score": None, "latency_ms": None, "model": None}
    found = agreed(tmp_path, evaluator, steady(evaluator, 20, **refused), 20, only=("firing",))
    assert 15 in firing(found, "all")


def test_slices_are_crossed(tmp_path: Path) -> None:
    evaluator = policy(
        tmp_path, "window: 5m\nby: [request.tenant * decision.action]\nwhen: bad >= 20"
    )
    rows = [*fault(evaluator, 15, 5, 10), *steady(evaluator, 30, tenant="b")]
    found = agreed(tmp_path, evaluator, rows, 30)
    assert firing(found, "request.tenant = a, decision.action = abstain")


@pytest.mark.parametrize(
    ("when", "given"),
    [
        ("low > 0.2", {"score": None}),
        ("latency > 250", {"latency_ms": None}),
        ("spent > 6000", {"latency_ms": None}),
        ("latency_p90 > 500", {"latency_ms": None}),
        ("slow > 0.3", {"latency_ms": None}),
        ("slow < 0.3", {"latency_ms": None}),
        ("steady_slow > 0.3", {"score": None, "latency_ms": None}),
        ("steady_slow > 0.3", {"score": None}),
    ],
)
def test_unknown_records_count_as_the_worst(
    when: str, given: dict[str, Any], tmp_path: Path
) -> None:
    evaluator = policy(tmp_path, f"window: 5m\nwhen: {when}\nno_data: ok")
    rows = [
        *steady(evaluator, 15),
        *steady(evaluator, 6, each=4, start=15, **given),
        *steady(evaluator, 6, each=6, start=15, tenant="b"),
        *steady(evaluator, 10, start=21),
    ]
    agreed(tmp_path, evaluator, rows, 31, approximate=True)


def test_a_quantile_is_beyond_its_limit_at_the_same_minutes(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "window: 5m\nwhen: latency_p90 > 431")
    rows = [
        *steady(evaluator, 15),
        *steady(evaluator, 6, start=15, latency_ms=431.5),
        *steady(evaluator, 12, start=21, latency_ms=431.0),
    ]
    found = agreed(tmp_path, evaluator, rows, 33, approximate=True)
    assert [one for one in firing(found) if one > 1]
    assert 32 not in firing(found)


def test_a_baseline_that_is_not_there_yet_neither_starts_nor_ends_an_alert(tmp_path: Path) -> None:
    evaluator = policy(
        tmp_path, "window: 5m\nwhen: declined > baseline * 2\nagainst: 5m\nno_data: ok"
    )
    rows = [*fault(evaluator, 12, 6, 2), *fault(evaluator, 0, 2, 8)][:300]
    rows += steady(evaluator, 10, start=35, bad=9)
    agreed(tmp_path, evaluator, rows, 45)


@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
@pytest.mark.parametrize("when", ["low > 0.3", "answered < 0.6"])
def test_a_confidence_is_nearly_the_same_test(when: str, by: str, tmp_path: Path) -> None:
    settings = f"window: 5m\nmin_samples: 5\nconfidence: 0.95\nwhen: {when}{by}"
    evaluator = policy(tmp_path, settings)
    rows = [
        *fault(evaluator, 15, 8, 10),
        *steady(evaluator, 33, each=3, tenant="b"),
        *steady(evaluator, 33, each=2, tenant="c", bad=1),
    ]
    found = agreed(tmp_path, evaluator, rows, 33, approximate=True)
    begun = firing(found, "request.tenant = a" if by else "all")
    assert min(one for one in begun if one > 5) > 15


@pytest.mark.parametrize(
    ("no_data", "by"), [("ok", "[]"), ("fire", "[]"), ("keep", "[request.tenant]")]
)
def test_an_objective_burns_at_the_same_minutes(no_data: str, by: str, tmp_path: Path) -> None:
    """And ends by its short window, while its long one still burns."""
    objective = "slo: {metric: low, objective: 0.95, window: 24d}"
    evaluator = policy(tmp_path, f"{objective}\nno_data: {no_data}\nby: {by}")
    rows = [
        *steady(evaluator, 10, each=5),
        *steady(evaluator, 30, each=5, start=10, bad=5),
        *steady(evaluator, 40, each=5, start=40),
    ]
    found = agreed(tmp_path, evaluator, rows, 80, approximate=True)
    burning = {
        minute: one.found
        for minute, evaluation in found.items()
        for one in evaluation.statuses
        if one.alert.burn.startswith("6x")
    }
    assert (burning[35], burning[80]) == ("holds", "clear")


ENUM = "{type: string, enum: [a, b, c]}"


def first_burst(evaluator: Any, **given: Any) -> Rows:
    """Good records of one tenant, and ten bad ones of another within one minute."""
    return [
        *steady(evaluator, 30),
        *steady(evaluator, 1, each=10, bad=9, start=12, tenant="b", **given),
    ]


@pytest.mark.parametrize("tenants", ["string", ENUM])
@pytest.mark.parametrize(
    "settings",
    [
        "when: bad > 3",
        "when: low > 0.2",
        "when: answered < 0.5\nmin_samples: 10",
        "when: spent > 5000",
        "when: latency > 250",
        "when: latency_p90 > 500",
        "when: low > 0.2\nconfidence: 0.95",
    ],
)
def test_the_first_burst_of_a_slice_fires_at_the_same_minutes(
    settings: str, tenants: str, tmp_path: Path
) -> None:
    text = f"window: 5m\nby: [request.tenant]\nno_data: ok\n{settings}"
    evaluator = policy(tmp_path, text, tenants=tenants)
    rows = first_burst(evaluator, latency_ms=900.0)
    found = agreed(tmp_path, evaluator, rows, 30, approximate=True)
    assert firing(found, "request.tenant = b") == [13, 14, 15, 16, 17]


def test_the_first_burst_of_all_is_counted(tmp_path: Path) -> None:
    evaluator = policy(tmp_path, "window: 5m\nno_data: ok\nwhen: bad > 3")
    rows = steady(evaluator, 1, bad=5)
    assert firing(agreed(tmp_path, evaluator, rows, 10)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("tenants", ["string", ENUM])
@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
def test_a_restart_is_no_burst_and_hides_none(by: str, tenants: str, tmp_path: Path) -> None:
    evaluator = policy(tmp_path, f"window: 5m\nno_data: ok\nwhen: bad > 20{by}", tenants=tenants)
    rows = [
        *steady(evaluator, 60, bad=2),
        *steady(evaluator, 4, bad=8, start=28, tenant="b"),
        *steady(evaluator, 4, bad=8, start=50, tenant="b"),
    ]
    found = agreed(tmp_path, evaluator, rows, 60, restarts=[10, 30, 52])
    begun = firing(found, "request.tenant = b" if by else "all")
    assert {31, 32, 53, 54} <= set(begun)
    assert min(begun) >= 30


@pytest.mark.parametrize("tenants", ["string", ENUM])
def test_after_a_restart_a_slice_is_counted_from_its_first_record(
    tenants: str, tmp_path: Path
) -> None:
    evaluator = policy(
        tmp_path, "window: 5m\nno_data: ok\nwhen: bad > 3\nby: [request.tenant]", tenants=tenants
    )
    rows = [
        *first_burst(evaluator),
        *steady(evaluator, 15, start=30),
        *steady(evaluator, 1, bad=9, start=40, tenant="b"),
    ]
    found = agreed(tmp_path, evaluator, rows, 45, restarts=[25])
    assert firing(found, "request.tenant = b") == [13, 14, 15, 16, 17, 41, 42, 43, 44, 45]


@pytest.mark.parametrize("missed", [[20], [20, 21, 22], [*range(14, 27)]])
@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
def test_scrapes_that_fail_are_no_burst(by: str, missed: list[int], tmp_path: Path) -> None:
    """A counter of 400 that is not there for a while has not grown by 400 when it is back."""
    evaluator = policy(tmp_path, f"window: 5m\nno_data: ok\nwhen: bad > 40{by}")
    found = agreed(tmp_path, evaluator, steady(evaluator, 40, bad=5), 40, missed=missed)
    assert not firing(found, "request.tenant = a" if by else "all")


@pytest.mark.parametrize("no_data", ["fire", "keep"])
def test_a_slice_in_trouble_that_a_restarted_process_forgot_goes_on(
    no_data: str, tmp_path: Path
) -> None:
    settings = f"window: 5m\nno_data: {no_data}\nwhen: low > 0.2\nby: [request.tenant]"
    evaluator = policy(tmp_path, settings)
    rows = [*steady(evaluator, 40), *steady(evaluator, 6, bad=8, start=10, tenant="b")]
    found = agreed(tmp_path, evaluator, rows, 40, restarts=[17], only=("firing",))
    assert firing(found, "request.tenant = b")[-1] == 40


@pytest.mark.parametrize("no_data", ["fire", "ok"])
@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
def test_an_objective_without_data_in_its_short_window_is_clear_by_its_long_one(
    by: str, no_data: str, tmp_path: Path
) -> None:
    """Ten requests an hour, all good, leave the window of five minutes empty most of the time."""
    evaluator = policy(
        tmp_path, f"slo: {{metric: low, objective: 0.99, window: 30d}}\nno_data: {no_data}{by}"
    )
    rows = hourly(evaluator, 2)
    found = agreed(tmp_path, evaluator, rows, 2 * 60, approximate=True)
    # Before the first record there is no data at all.
    begun = {*firing(found), *firing(found, "request.tenant = a")}
    assert begun == ({0, 1, 2} if no_data == "fire" else set())


@pytest.mark.parametrize("no_data", ["fire", "keep", "ok"])
@pytest.mark.parametrize("by", ["", "\nby: [request.tenant]"])
def test_an_objective_that_burns_when_it_falls_silent_goes_on(
    by: str, no_data: str, tmp_path: Path
) -> None:
    evaluator = policy(
        tmp_path, f"slo: {{metric: low, objective: 0.99, window: 24d}}\nno_data: {no_data}{by}"
    )
    rows = [*steady(evaluator, 60), *steady(evaluator, 10, bad=8, start=60)]
    found = agreed(tmp_path, evaluator, rows, 150, approximate=True, only=("firing",))
    fast = {one.is_firing for one in found[150].statuses if one.alert.burn.startswith("14.4x")}
    assert (True in fast) == (no_data != "ok")


def generated(pick: random.Random) -> str:
    """The settings of some alert that is exported exactly."""
    when = pick.choice(
        [
            "low > 0.3",
            "low >= 0.5",
            "answered < 0.6",
            "bad > 8",
            "latency > 20000",
            "steady_slow > 0.2",
            "low > baseline * 1.5",
            "answered < baseline - 0.1",
            "latency > baseline * 1.2 + 10",
        ]
    )
    lines = [
        f"when: {when}",
        f"window: {pick.choice(['4m', '5m', '8m'])}",
        f"no_data: {pick.choice(['fire', 'ok'])}",
        f"min_samples: {pick.choice([1, 4, 9])}",
    ]
    for key in ("for", "keep_firing_for"):
        # A pending alert whose baseline is gone is the one state that differs; see docs/prometheus.md.
        length = "" if key == "for" and "baseline" in when else pick.choice(["", "1m", "3m"])
        lines += [f"{key}: {length}"] if length else []
    lines += [f"against: {pick.choice(['4m', '9m'])}"] if "baseline" in when else []
    lines += ["by: [request.tenant]"] if pick.random() < 0.5 else []
    return "\n".join(lines)


def traffic(evaluator: Any, pick: random.Random, minutes: int) -> Rows:
    """Records of three tenants that come and go, are good, bad or unknown."""
    rows: Rows = []
    for tenant in ("a", "b", "c"):
        for minute in range(minutes):
            if minute % 12 == 0:
                each, bad = pick.choice([0, 1, 4, 6]), pick.choice([0, 1, 3])
                given: dict[str, Any] = pick.choice([{}, {}, {"latency_ms": None}, {"score": None}])
            if each:
                rows += steady(evaluator, 1, each, min(bad, each), minute, tenant=tenant, **given)
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_generated_alerts_agree_on_generated_traffic(seed: int, tmp_path: Path) -> None:
    """Half of them with tenants that are not known before they come, half with restarts."""
    pick = random.Random(seed)
    is_free = seed % 2 == 0
    evaluator = policy(tmp_path, generated(pick), tenants="string" if is_free else ENUM)
    rows = traffic(evaluator, pick, 50)
    restarts = [] if is_free else pick.sample(range(1, 50), 3)
    agreed(tmp_path, evaluator, rows, 50, restarts=restarts)
