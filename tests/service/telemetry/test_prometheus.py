"""Metrics as Prometheus scrapes them: they add up to what measuring the same records gives."""

from __future__ import annotations

import logging
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from demur.runtime.aggregates import read_metrics
from demur.service.guard import Guard
from demur.service.telemetry import names
from demur.service.telemetry.labels import LabelLimit
from demur.service.telemetry.policy_metrics import contribution, limits_of, sliced_by
from demur.service.telemetry.prometheus import PrometheusMetrics
from tests.service.guard.policies import ANSWER, REQUEST, RETRIEVAL, compiled
from tests.service.telemetry.policies import evaluator, records, run


def measured(**options: Any) -> tuple[Guard, CollectorRegistry]:
    registry = CollectorRegistry()
    policy = options.pop("policy", None) or evaluator()
    metrics = PrometheusMetrics(registry, **options.pop("metrics", {}))
    return Guard(policy, telemetry=metrics, **options), registry


def scraped(registry: CollectorRegistry) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Every sample by name and labels, through the text that Prometheus reads."""
    text = generate_latest(registry).decode()
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(sample.labels.items())
            assert labels not in found[sample.name]
            found[sample.name][labels] = sample.value
    return found


def total(samples: dict[frozenset[tuple[str, str]], float], **labels: str) -> float:
    wanted = set(labels.items())
    return sum(value for key, value in samples.items() if wanted <= key)


def test_the_series_of_every_metric_add_up_to_what_measuring_gives() -> None:
    from demur.measure.reference import summarise_records

    given = records(500)
    guard, registry = measured()
    run(guard, given)
    found = scraped(registry)
    policy = evaluator()
    metrics = read_metrics(policy, policy.policy.evaluation["metrics"])
    parts = summarise_records(policy, metrics, (), [], given)[()][()]
    checked = 0
    for name, metric in metrics.metrics.items():
        if name == "wrong_rate":
            continue
        for one, number in zip(names.series(metric, metrics), metric.aggregates, strict=False):
            expected = parts[number]
            rows = {result: total(found[one.rows], result=result) for result in one.results}
            if one.kind in ("rate", "count"):
                assert rows == {key: expected.get(key, 0) for key in one.results}
            else:
                assert rows["known"] == expected["n"]
                assert rows["unknown"] == expected["unknown"]
                assert rows["open"] == expected.get("open", 0)
            if one.sum is not None:
                negative = total(found[one.negative_sum]) if one.negative_sum else 0.0
                assert total(found[one.sum]) - negative == pytest.approx(expected["total"])
            if one.divisor is not None:
                assert one.negative_divisor is not None
                divisor = total(found[one.divisor]) - total(found[one.negative_divisor])
                assert divisor == pytest.approx(expected["divisor"])
            checked += 1
    assert checked == 10


def test_a_quantiles_buckets_count_its_values_and_have_the_limit_as_a_bound() -> None:
    given = records(300)
    guard, registry = measured()
    run(guard, given)
    found = scraped(registry)["demur_metric_latency_p95_bucket"]
    values = [record["answer"]["latency_ms"] for record in given]
    known = [one for one in values if isinstance(one, float) and one == one]
    for bound in ("1234.0", "200.0", "+Inf"):
        assert total(found, le=bound) == sum(one <= float(bound) for one in known)


def test_slices_are_those_of_the_alerts_and_gates_on_the_metric() -> None:
    by = sliced_by(evaluator().policy)
    assert by == {
        "latency_p95": ("request.user", "request.tenant"),
        "confidence": ("request.user",),
        "answer_rate": ("request.tenant", "decision.rule"),
        "wrong_rate": ("request.tenant",),
    }
    assert limits_of(evaluator())["latency_p95"] == (1234.0,)
    given = records(200)
    guard, registry = measured()
    run(guard, given)
    found = scraped(registry)
    rows = found["demur_metric_answer_rate_rows_total"]
    for tenant in ("a", "b"):
        expected = sum(record["request"]["tenant"] == tenant for record in given)
        assert total(rows, request_tenant=tenant) == expected
    assert total(rows, request_tenant="(unknown)") > 0
    names_of_labels = {name for key in rows for name, _ in key}
    assert names_of_labels == {"policy", "request_tenant", "decision_rule", "result"}


def test_nothing_personal_is_a_label() -> None:
    guard, registry = measured()
    run(guard, records(20))
    assert b"Ann" not in generate_latest(registry)
    assert b"request_user" not in generate_latest(registry)


def test_decisions_are_counted_by_action_failure_and_slice() -> None:
    guard, registry = measured()
    run(guard, records(200))
    found = scraped(registry)
    decisions = found[names.DECISIONS]
    assert total(decisions) == 200
    escalated = total(decisions, action="escalate")
    assert 0 < escalated == total(decisions, failure="low_confidence")
    assert total(found[names.UNKNOWNS], signal="answer.confidence", kind="nan") > 0
    assert total(found["demur_decision_duration_seconds_count"]) == 200


def test_a_bypassed_decision_is_no_success() -> None:
    guard, registry = measured()
    good = {
        "request": {"tenant": "a", "user": "Ann", "tokens": 20},
        "answer": {"confidence": 0.9, "change": 0.1, "latency_ms": 5.0},
    }
    with guard.trace(bypass="test") as trace:
        trace.check(**good)
    found = scraped(registry)
    assert total(found[names.DECISIONS], action="bypass") == total(found[names.DECISIONS]) == 1
    rows = found["demur_metric_answer_rate_rows_total"]
    assert {result: total(rows, result=result) for result in ("true", "false", "unknown")} == {
        "true": 0,
        "false": 0,
        "unknown": 1,
    }
    assert total(found[names.BYPASSED], reason="test") == 1


def test_a_metric_of_the_outcome_counts_when_that_is_known_or_can_be_no_more() -> None:
    guard, registry = measured(metrics={"remembered": 2})
    good = {
        "request": {"tenant": "a", "user": "Ann", "tokens": 20},
        "answer": {"confidence": 0.9, "change": 0.1, "latency_ms": 5.0},
    }
    run(guard, [good] * 2)
    assert total(scraped(registry)["demur_metric_wrong_rate_rows_total"]) == 0
    guard.outcome("t0", correct=False)
    guard.outcome("t0", correct=False)
    guard.outcome("t1", correct=True)
    found = scraped(registry)
    rows = found["demur_metric_wrong_rate_rows_total"]
    assert (total(rows, result="true"), total(rows, result="false")) == (1, 1)
    assert total(found[names.OUTCOMES_UNMATCHED]) == 1
    run(guard, [good] * 3)
    rows = scraped(registry)["demur_metric_wrong_rate_rows_total"]
    assert total(rows, result="unknown", request_tenant="a") == 1


def test_what_the_guard_counts_is_there() -> None:
    def broken(check: Any) -> None:
        raise RuntimeError

    release = Event()
    guard, registry = measured(observers=[broken])
    with guard.trace() as trace:
        trace.provide("answer", budget=0.01, confidence=release.wait)
    release.set()
    found = scraped(registry)
    failures = found[names.PROVIDER_FAILURES]
    assert total(failures, signal="answer.confidence", kind="timed_out") == 1
    assert total(found[names.OBSERVER_ERRORS], observer="broken") == 1
    assert total(found[names.INCOMPLETE]) == 1
    assert total(found[names.BYPASSING]) == 0
    info = found[names.POLICY_INFO]
    assert total(info, version="2.0.0", role="active", digest=evaluator().digest) == 1
    with guard.bypass("incident"):
        assert total(scraped(registry)[names.BYPASSING]) == 1


def test_labels_are_bounded_and_the_overflow_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    text = (
        "demur: 1\npolicy: wide\nabout: Wide.\nowner: team@example.com\nrunbook: r.md\n"
        "stages:\n  request:\n    tenant: string\n"
        "rules:\n  r: {when: request.tenant == 'x', then: refuse}\n"
        "metrics:\n  m: rate(decision.answered)\n"
        "alerts:\n  a: {when: m < 0.5, window: 1h, by: [request.tenant]}\n"
    )
    guard, registry = measured(policy=compiled(text), metrics={"values": 5})
    with caplog.at_level(logging.WARNING, "demur.telemetry"):
        run(guard, [{"request": {"tenant": f"t{at}"}} for at in range(20)])
        run(guard, [{"request": {"tenant": "y" * 500}}])
    found = scraped(registry)
    rows = found["demur_metric_m_rows_total"]
    assert total(rows) == 21
    assert total(rows, request_tenant="(other)") == 16
    assert len({dict(key)["request_tenant"] for key in rows}) == 6
    assert total(found[names.LABEL_OVERFLOW], metric="demur_metric_m_rows_total") == 16
    assert len(caplog.records) == 2  # one for each of the two families


SLICED = """demur: 1
policy: sliced
about: Sliced.
owner: team@example.com
runbook: r.md
stages:
  request:
    tenant: {type: string, enum: [a, b, c]}
    tier: {type: int, enum: [1, 2]}
    beta: bool
    name: string
rules:
  r: {when: request.beta, then: refuse}
metrics:
  whole: rate(decision.answered)
  crossed: count(decision.declined)
  free: rate(decision.answered)
alerts:
  w: {when: whole < 0.5, window: 1h}
  c: {when: crossed > 3, window: 1h, by: [request.tenant * request.tier, request.beta]}
  f: {when: free < 0.5, window: 1h, by: [request.tenant, request.name]}
"""


def slices(registry: CollectorRegistry, metric: str) -> set[tuple[str, ...]]:
    found = scraped(registry).get(f"demur_metric_{metric}_rows_total", {})
    assert set(found.values()) <= {0.0}
    wanted = ("request_beta", "request_tenant", "request_tier")
    return {tuple(dict(key)[one] for one in wanted if one in dict(key)) for key in found}


def test_slices_that_are_known_beforehand_begin_at_0_before_any_record() -> None:
    _, registry = measured(policy=compiled(SLICED))
    assert slices(registry, "whole") == {()}
    assert slices(registry, "crossed") == {
        (beta, tenant, tier) for beta in ("true", "false") for tenant in "abc" for tier in "12"
    }
    # Any name may come: nothing is known beforehand.
    assert slices(registry, "free") == set()
    assert total(scraped(registry)[names.STARTED]) > 1.6e9


def test_no_more_slices_are_begun_than_there_may_be_and_none_of_them_overflows() -> None:
    _, registry = measured(policy=compiled(SLICED), metrics={"values": 11})
    assert slices(registry, "crossed") == set()
    assert names.LABEL_OVERFLOW not in scraped(registry)


def test_what_was_begun_counts_on_and_once() -> None:
    guard, registry = measured(policy=compiled(SLICED))
    record = {"request": {"tenant": "b", "tier": 2, "beta": True, "name": "n"}}
    run(guard, [record] * 3)
    found = scraped(registry)["demur_metric_crossed_rows_total"]
    assert total(found, request_tenant="b", request_tier="2", result="true") == 3
    assert total(found) == 3


def test_slices_that_are_crossed_are_bounded_together() -> None:
    limit = LabelLimit(values=100, series=10)
    for at in range(50):
        limit.bounded("m", (("x", str(at)), ("y", str(-at))))
    assert limit.bounded("m", (("x", "0"), ("y", "0"))) == (("x", "0"), ("y", "0"))
    assert limit.bounded("m", (("x", "1"), ("y", "2"))) == (("x", "(other)"), ("y", "(other)"))
    assert dict(limit.counts()) == {"m": 41}


def test_the_text_is_openmetrics_too() -> None:
    guard, registry = measured()
    run(guard, records(50))
    text = open_metrics(registry).decode()
    assert text.endswith("# EOF\n")
    from prometheus_client.openmetrics.parser import (
        text_string_to_metric_families as open_families,
    )

    assert {one.name for one in open_families(text)} >= {"demur_decisions"}


def test_counting_from_many_threads_loses_nothing() -> None:
    guard, registry = measured()
    given = records(50)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: run(guard, given), range(8)))
    assert total(scraped(registry)[names.DECISIONS]) == 400


def test_a_reload_counts_by_the_metrics_of_the_policy_that_decided() -> None:
    from demur.service.deployment import Deployment
    from demur.service.guard import Fixed
    from tests.service.telemetry.policies import TEXT

    guard, registry = measured()
    run(guard, records(10))
    guard.policies = Fixed(Deployment(compiled(TEXT.replace("  big:", "  large:"))))
    run(guard, records(10))
    found = scraped(registry)
    assert total(found["demur_metric_big_rows_total"]) == 10
    assert total(found["demur_metric_large_rows_total"]) == 10
    assert total(found[names.DECISIONS]) == 20


def test_a_policy_without_metrics_is_counted() -> None:
    guard, registry = measured(policy=compiled())
    run(guard, [{"request": REQUEST, "retrieval": RETRIEVAL, "answer": ANSWER}])
    assert total(scraped(registry)[names.DECISIONS], action="answer", policy="guarded") == 1


def test_buckets_suit_bounds_and_units() -> None:
    assert names.buckets(0, 1)[:3] == (0.05, 0.1, 0.15)
    assert names.buckets(0, 1)[-1] == 1.0
    milliseconds = names.buckets(0, float("inf"), "ms", [1234])
    assert milliseconds[0] == 1.0
    assert 1234.0 in milliseconds
    assert milliseconds[-1] == 50_000.0
    for low, high, unit in (
        (0, 1e9, "tokens"),
        (-5, 5, None),
        (float("-inf"), 3, None),
        (2, 2, "s"),
    ):
        found = names.buckets(low, high, unit)
        assert found == tuple(sorted(set(found)))
        assert found


def test_the_part_of_a_row_that_where_leaves_out_is_none() -> None:
    from demur.runtime.aggregates import Aggregate

    rate = Aggregate("rate", value=0, where=1)
    assert contribution(rate, [True, False]) is None
    found = contribution(rate, [True, None])
    assert found is not None
    assert found.result == "open_true"
