"""NeMo's latency runs: seconds and tokens by configuration, and one configuration as another's baseline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import CONFIGURATIONS, read, write

# The 95th percentile in seconds and the runs over 5 s, of 330, as the data's README states them.
STATED = {"0": (5.47, 25), "1": (4.42, 4), "3": (2.58, 0), "6": (4.70, 8)}


@pytest.fixture
def latency(gates_folder: Path) -> Gates:
    return Gates(gates_folder, "latency.yaml")


def columns(data: Path) -> dict[str, dict[str, list[float]]]:
    """Seconds, calls and tokens of each configuration's runs."""
    found = {
        number: {"latency": [], "calls": [], "tokens": []} for number in CONFIGURATIONS.values()
    }
    for one in read(data / "nemo_latency" / "runs.jsonl"):
        own = found[CONFIGURATIONS[one["config"]]]
        own["latency"].append(float(one["total_overall_time"]))
        own["calls"].append(float(one["num_llm_calls"]))
        own["tokens"].append(float(one["num_total_tokens"]))
    return found


def test_seconds_and_tokens_of_each_configuration_are_those_stated(
    latency: Gates, shared_data: Path
) -> None:
    result = latency.judged("budget", "nemo/together.jsonl")
    raw = columns(shared_data)
    seconds, slow, tokens = (
        sliced(required(result, metric)) for metric in ("latency_p95", "slow_rate", "tokens")
    )
    assert result.records == 1320
    assert set(seconds) == set(STATED)
    for number, (p95, over) in STATED.items():
        measured = seconds[number].measured
        assert measured.value is not None
        assert (round(measured.value, 2), measured.samples) == (p95, 330)
        assert measured.value == pytest.approx(np.quantile(raw[number]["latency"], 0.95))
        assert counted(slow[number]) == (over, 330)
        assert over == sum(one > 5 for one in raw[number]["latency"])
        assert tokens[number].measured.value == sum(raw[number]["tokens"]) / 330


def test_no_configuration_is_surely_too_slow_and_one_is_doubtful(latency: Gates) -> None:
    result = latency.judged("budget", "nemo/together.jsonl")
    for metric in ("latency_p95", "slow_rate"):
        verdicts = {name: one.verdict for name, one in sliced(required(result, metric)).items()}
        assert verdicts == {"0": "inconclusive", "1": "pass", "3": "pass", "6": "pass"}
    doubtful = sliced(required(result, "latency_p95"))["0"]
    assert doubtful.needed is not None
    assert doubtful.needed > 0
    assert required(result, "tokens").verdict == "pass"
    assert result.verdict == "inconclusive"


def test_the_bounds_of_a_percentile_are_two_of_the_runs(latency: Gates, shared_data: Path) -> None:
    found = sliced(required(latency.judged("budget", "nemo/together.jsonl"), "latency_p95"))
    for number, raw in columns(shared_data).items():
        interval = found[number].measured.interval
        assert interval is not None
        # Of 330 runs, those of rank 307 and 321 bound the 95th percentile at 95 % each.
        ordered = sorted(raw["latency"])
        assert (interval.low, interval.high) == (ordered[306], ordered[320])


@pytest.mark.parametrize("number", ["1", "3", "6"])
def test_configuration_0_as_the_baseline_blocks_none_that_is_faster(
    number: str, latency: Gates
) -> None:
    result = latency.judged("no-slower", f"nemo/{number}.jsonl", "nemo/0.jsonl")
    judgement = required(result, "latency_p95").overall
    assert result.paired == 330
    assert judgement.baseline is not None
    assert judgement.baseline.value == pytest.approx(5.469, abs=5e-4)
    assert judgement.limit == pytest.approx(5.469 * 1.1, abs=1e-3)
    assert judgement.measured.value is not None
    assert judgement.measured.value < judgement.baseline.value
    assert result.verdict == "pass"


@pytest.mark.parametrize("number", ["1", "3", "6"])
def test_what_a_guardrail_costs_in_tokens_is_found(
    number: str, latency: Gates, shared_data: Path
) -> None:
    result = latency.judged("no-dearer", f"nemo/{number}.jsonl", "nemo/0.jsonl")
    tokens = required(result, "tokens").overall
    calls = required(result, "all_calls").overall
    raw = columns(shared_data)
    assert result.verdict == tokens.verdict == "fail"
    assert tokens.difference is not None
    difference = (sum(raw[number]["tokens"]) - sum(raw["0"]["tokens"])) / 330
    assert tokens.difference.low < difference < tokens.difference.high
    assert calls.measured.value == sum(raw[number]["calls"])
    assert calls.verdict == ("pass" if number == "3" else "fail")


@pytest.mark.parametrize(("now", "before"), [("0", "3"), ("6", "3"), ("1", "3")])
def test_a_latency_regression_is_found(now: str, before: str, latency: Gates) -> None:
    result = latency.judged("no-slower", f"nemo/{now}.jsonl", f"nemo/{before}.jsonl")
    judgement = required(result, "latency_p95").overall
    assert result.verdict == judgement.verdict == "fail"
    assert judgement.difference is not None
    assert judgement.measured.value is not None
    assert judgement.baseline is not None
    assert judgement.baseline.value is not None
    difference = judgement.measured.value - judgement.baseline.value
    assert 0.1 * judgement.baseline.value < judgement.difference.low < difference
    assert difference < judgement.difference.high


@pytest.mark.parametrize("number", list(STATED))
def test_a_configuration_against_itself_is_no_regression(number: str, latency: Gates) -> None:
    file = f"nemo/{number}.jsonl"
    for gate in ("no-slower", "no-dearer"):
        result = latency.judged(gate, file, file)
        assert result.verdict == "pass"
        assert result.flips == ()


def test_runs_that_never_came_back_count_as_slow(latency: Gates, tmp_path: Path) -> None:
    """A latency that is missing has no bound: the percentile is an error, the rate is the worst."""
    rows = read(latency.folder / "nemo" / "3.jsonl")
    for one in rows[:20]:
        one["answer"]["latency"] = None
    write(tmp_path / "lost.jsonl", rows)
    result = latency.judged("no-slower", str(tmp_path / "lost.jsonl"), "nemo/3.jsonl")
    assert required(result, "latency_p95").overall.code == "DM816"
    assert required(result, "slow_rate").overall.verdict == "fail"
    assert result.verdict == "error"


def test_a_run_that_is_there_twice_is_an_error(latency: Gates, tmp_path: Path) -> None:
    rows = read(latency.folder / "nemo" / "3.jsonl")
    write(tmp_path / "twice.jsonl", [*rows, rows[7]])
    result = latency.judged("no-slower", str(tmp_path / "twice.jsonl"), "nemo/0.jsonl")
    assert result.verdict == "error"
    assert [code for code, text in result.problems if rows[7]["id"] in text] == ["DM811"]
