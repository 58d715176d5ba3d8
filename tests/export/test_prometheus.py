"""Rules for Prometheus: promtool and a real Prometheus take them; what is left out is said."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import CollectorRegistry, start_http_server
from ruamel.yaml import YAML
from scipy.special import betainc, ndtri

from demur import Guard
from demur.backends.promql import binomial
from demur.cli import cli
from demur.export.grafana import dashboard
from demur.export.prometheus import rules, write
from demur.language.compile import compile_file
from demur.monitor.windows import seconds, text
from demur.runtime.evaluator import Evaluator
from demur.service.telemetry.prometheus import PrometheusMetrics
from tests.export.prometheus_server import alerts_of, prometheus, query
from tests.export.promtool import checked, filled
from tests.monitor.traffic import policy
from tests.runtime.records import POLICIES


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("approximate", [False, True])
def test_promtool_takes_the_rules_of_every_example(
    name: str, approximate: bool, tmp_path: Path
) -> None:
    evaluator = Evaluator(*compile_file(POLICIES[name]))
    file = tmp_path / "rules.yml"
    found = rules(evaluator, approximate=approximate)
    file.write_text(write(evaluator, found), "utf-8")
    assert f"SUCCESS: {len(found.group['rules'])} rules found" in checked(file)


@pytest.mark.parametrize(
    ("settings", "code", "reason"),
    [
        ("when: low > baseline * 2\nagainst: 1h\nconfidence: 0.99", "DM980", "single records"),
        ("when: latency > 5\nconfidence: 0.99", "DM980", "the evidence on a mean"),
        ("when: latency_p90 > baseline\nagainst: 1h", "DM980", "constant upper limit"),
        ("when: latency_p90 < 5", "DM980", "constant upper limit"),
        ("when: low > baseline * baseline\nagainst: 1h", "DM980", "no multiple of the baseline"),
        ("when: slowest > 5", "DM980", "do not tell"),
        ("when: gap > 5", "DM980", "combines several aggregates"),
        ("when: low > 0.1\nby: [decision.rules]", "DM980", "`decision.rules` is no label"),
        ("when: low > 0.1\nconfidence: 0.9\nby: [request.tenant]", "DM980", "at least 0.925"),
        ("when: low > 0\nconfidence: 0.9", "DM980", "between 0 and 1"),
        ("when: low > 0.1\nconfidence: 0.9", "DM981", "Peizer and Pratt"),
        ("when: latency_p90 > 5", "DM981", "interpolated"),
        ("when: wrong > 0.1", "DM981", "when it becomes known"),
    ],
)
def test_what_is_not_exact_is_left_out_and_said(
    settings: str, code: str, reason: str, tmp_path: Path
) -> None:
    evaluator = policy(tmp_path, f"window: 5m\n{settings}")
    target = tmp_path / "rules.yml"
    command = ["export", "prometheus", str(tmp_path / "policy.yaml"), "-o", str(target)]
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 1
    assert f"{code}: watched: not written: " in result.stderr
    assert reason in result.stderr
    written = target.read_text("utf-8")
    assert f"# {code}: watched: not written: " in written
    (group,) = YAML(typ="safe").load(written)["groups"]
    assert [one["alert"] for one in group["rules"]] == ["demur-rules-outdated"]
    nearly = CliRunner().invoke(cli, [*command, "--approximate"])
    assert nearly.exit_code == (0 if code == "DM981" else 1)
    if code == "DM981":
        assert "# DM981: watched: nearly: " in target.read_text("utf-8")
        assert "watched" in str(rules(evaluator, approximate=True).group["rules"])


@pytest.mark.parametrize("interval", ["1m", "15s", "1s"])
@pytest.mark.parametrize(
    "settings",
    [
        "when: low > 0.1\nwindow: {}",
        "when: low > baseline * 2\nwindow: 1h\nagainst: {}",
        "slo: {{metric: low, objective: 0.99999, window: {}}}",
        "slo: {{metric: low, objective: 0.9, window: {}}}",
    ],
)
def test_a_window_without_room_for_four_scrapes_is_left_out_with_the_shortest_that_works(
    settings: str, interval: str, tmp_path: Path
) -> None:
    """What is advised is written, and what is a tenth shorter is not."""
    target = tmp_path / "rules.yml"
    command = ["export", "prometheus", str(tmp_path / "policy.yaml"), "-o", str(target)]
    command += ["--approximate", "--scrape-interval", interval]
    least = 4 * seconds(interval)

    def exported(window: str) -> list[str]:
        policy(tmp_path, settings.format(window))
        said = CliRunner().invoke(cli, command).stderr.splitlines()
        ranges = re.findall(r"increase\([^][]*\[([^]]*)\]", target.read_text("utf-8"))
        assert all(seconds(one) >= least * 0.999 for one in ranges)
        return [one for one in said if "has no room for 4 scrapes" in one]

    refused = exported("3s")
    assert refused
    for one in refused:
        advised = re.findall(r"`window: ([^`]*)`", one)[0]
        alert = one.partition(": not")[0].partition(" over ")[0]
        assert not [each for each in exported(advised) if each.startswith(alert)]
        shorter = text(0.9 * seconds(advised))
        assert [each for each in exported(shorter) if each.startswith(alert)]


def test_the_scrapes_are_a_minute_apart_where_nothing_is_said(tmp_path: Path) -> None:
    short = policy(tmp_path, "when: low > 0.1\nwindow: 3m59s")
    assert [one.alert for one in rules(short).left_out] == ["watched"]
    assert not rules(policy(tmp_path, "when: low > 0.1\nwindow: 4m")).left_out


def test_a_rule_has_the_labels_and_annotations_of_demurs_own_alert(tmp_path: Path) -> None:
    evaluator = policy(
        tmp_path,
        "when: low > 0.1\nwindow: 90m\nfor: 5m\nkeep_firing_for: 10m\nseverity: page\n"
        'owner: "night {{ on }} call"\nrunbook: "#low"\nabout: Scores are low.',
    )
    *_, rule, _ = rules(evaluator).group["rules"]
    assert rule["labels"] == {"policy": "watched", "severity": "page"}
    assert (rule["for"], rule["keep_firing_for"]) == ("5m", "10m")
    assert rule["annotations"] == {
        "summary": "watched: low > 0.1",
        "about": "Scores are low.",
        "owner": 'night {{ "{{" }} on }} call',
        "runbook": "runbook.md#low",
        "value": "{{ $value }}",
        "digest": evaluator.digest,
    }
    assert "[1h30m]" in str(rules(evaluator).group["rules"])


def test_alerts_on_one_metric_record_what_they_share_once_and_the_rest_apart(
    tmp_path: Path,
) -> None:
    shared = "window: 5m\n    by: [request.tenant]\n    confidence: 0.95"
    policy(tmp_path, f"when: low > 0.2\n{shared}".replace("\n    ", "\n"))
    file = tmp_path / "policy.yaml"
    written = file.read_text("utf-8")
    written += f"  watched_too:\n    when: low > 0.3\n    {shared}\n"
    written += f"  watched-too:\n    when: low > 0.4\n    {shared}\n    min_samples: 9\n"
    file.write_text(written, "utf-8")
    evaluator = Evaluator(*compile_file(file))
    found = rules(evaluator, approximate=True).group["rules"]
    recorded = [one["record"] for one in found if "record" in one]
    assert len(recorded) == len(set(recorded))
    deviates = [one.partition("deviate_from_")[2] for one in recorded if "deviate" in one]
    assert deviates == ["0_2:increase5m", "0_3:increase5m", "0_4:increase5m"]
    assert len([one for one in recorded if "needed" in one]) == 2


def test_the_test_of_a_rate_is_that_of_the_exact_binomial_but_for_borderline_cases() -> None:
    names = {"ln": __import__("math").log, "sqrt": __import__("math").sqrt}
    pairs = differ = 0
    for limit in (0.001, 0.0144, 0.1, 0.5, 0.9):
        written = binomial.deviate("k", "n", limit).replace("> 0", "")
        deviate = eval(f"lambda k, n: {written}", names)
        for confidence in (0.9, 0.95, 0.99, 0.999):
            needed = float(ndtri(confidence))
            for n in (*range(1, 60), 100, 300, 1000, 20_000):
                beyond = range(max(1, int(n * limit + 1.5)), min(n, int(n * limit) + 400) + 1)
                for k in beyond:
                    p_value = float(betainc(k, n - k + 1, limit))
                    pairs += 1
                    if (deviate(k, n) > needed) != (p_value < 1 - confidence):
                        differ += 1
                        assert p_value == pytest.approx(1 - confidence, rel=0.05)
    assert pairs > 20_000
    assert differ <= pairs / 5_000


@pytest.mark.parametrize("share", [0.075, 0.05, 0.01, 1e-3, 1e-6])
def test_the_deviate_that_slices_must_exceed_is_that_of_the_normal_distribution(
    share: float,
) -> None:
    from math import log, sqrt

    root = eval(binomial.root(share, "tests"), {"ln": log, "sqrt": sqrt, "tests": 1})
    found = eval(binomial.quantile("r"), {"r": root})
    assert found == pytest.approx(float(ndtri(1 - share)), abs=1e-5)


def _until(is_so: Callable[[], bool], seconds: float = 240.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_so():
            return True
        time.sleep(0.2)
    return False


def _empty_panels(url: str, evaluator: Evaluator) -> set[str]:
    """The panels of the exported dashboard whose first query gives nothing."""
    return {
        panel["title"]
        for panel in dashboard(evaluator)["panels"]
        if panel["type"] != "row" and not query(url, filled(panel["targets"][0]["expr"]))
    }


def test_a_real_prometheus_scrapes_a_guard_and_its_alert_fires_and_ends(tmp_path: Path) -> None:
    evaluator = policy(
        tmp_path,
        "when: low > 0.4\nwindow: 6s\nfor: 2s\nmin_samples: 3\nno_data: ok\nby: [request.tenant]",
    )
    file = tmp_path / "rules.yml"
    exported = rules(evaluator, scrape_interval=1.0)
    assert not exported.left_out
    file.write_text(write(evaluator, exported), "utf-8")
    registry = CollectorRegistry()
    server, thread = start_http_server(0, "127.0.0.1", registry)
    try:
        with (
            Guard(evaluator, telemetry=PrometheusMetrics(registry)) as guard,
            prometheus(tmp_path, file, f"127.0.0.1:{server.server_port}") as url,
        ):

            def decide(score: float) -> None:
                with guard.trace() as trace:
                    trace.check(request={"tenant": "a"}, answer={"score": score, "latency_ms": 9.0})

            def seen(state: str, score: float) -> bool:
                decide(score)
                return any(
                    one["state"] == state and one["labels"]["alertname"] == "watched"
                    for one in alerts_of(url)
                )

            decide(0.9)
            counted = 'demur_metric_low_rows_total{policy="watched", result="false"}'
            assert _until(lambda: bool(query(url, counted)))
            assert not alerts_of(url)
            assert _until(lambda: seen("firing", 0.1))
            # It was pending before, whether or not anybody looked in those two seconds.
            pending = 'count_over_time(ALERTS{alertname="watched", alertstate="pending"}[5m])'
            assert query(url, pending)
            (alert,) = alerts_of(url)
            assert alert["labels"] == {
                "alertname": "watched",
                "policy": "watched",
                "request_tenant": "a",
                "severity": "ticket",
            }
            assert alert["annotations"]["owner"] == "team@example.com"
            assert _empty_panels(url, evaluator) <= {
                "wrong",  # no outcome has come
                "Shadow decisions",
                "Unknown signals",
            }
            assert _until(lambda: not seen("firing", 0.9))
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
