"""Evidence on drift: its values are the formulas', and chance alone is not taken for drift."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2, ks_2samp

from demur.measure.drifting import Samples, completions, evidence_on
from demur.measure.evidence import Evidence
from demur.measure.evidence.completed import Completed
from demur.measure.evidence.divergence import divergence
from demur.measure.evidence.kolmogorov_smirnov import KolmogorovSmirnov

BEFORE = np.array([400, 300, 200, 100])
NOW = np.array([350, 310, 210, 130])
NAN = float("nan")


def numbers(now: list[float], before: list[float], kind: str = "psi") -> Evidence:
    return evidence_on(kind, Samples(np.array(now), np.array(before), categories=False))


def test_psi_is_the_sum_over_the_bins_with_half_a_record_in_each() -> None:
    p = (NOW + 0.5) / (NOW.sum() + 2)
    q = (BEFORE + 0.5) / (BEFORE.sum() + 2)
    expected = sum((a - b) * math.log(a / b) for a, b in zip(p, q, strict=True))
    assert divergence("psi", NOW, BEFORE).estimate == pytest.approx(expected, rel=1e-12)
    assert divergence("psi", np.array([50, 0]), np.array([0, 50])).estimate < 10


def test_jensen_shannon_is_the_distance_of_scipy_to_base_2() -> None:
    found = divergence("jensen_shannon", NOW, BEFORE).estimate
    assert found == pytest.approx(jensenshannon(NOW / NOW.sum(), BEFORE / BEFORE.sum(), base=2))
    apart = divergence("jensen_shannon", np.array([50, 0]), np.array([0, 50]))
    assert apart.estimate == pytest.approx(1.0)


def test_kolmogorov_smirnov_is_that_of_scipy_and_its_p_value_near_the_exact_one() -> None:
    pick = np.random.default_rng(5)
    now, before = pick.normal(0.3, 1, 150), pick.normal(0, 1, 220)
    found, exact = KolmogorovSmirnov.of(now, before), ks_2samp(now, before, method="exact")
    assert found.estimate == pytest.approx(exact.statistic)
    assert found.above(0.0) == pytest.approx(exact.pvalue, rel=0.25)


def test_the_permutations_give_the_chi_square_that_theory_gives_for_many_records() -> None:
    found = divergence("psi", NOW, BEFORE)
    statistic = found.estimate / (1 / 1000 + 1 / 1000)
    assert found.above(0.0) == pytest.approx(chi2.sf(statistic, 3), rel=0.25)


@pytest.mark.parametrize("kind", ["psi", "jensen_shannon"])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_bounds_are_the_tests_inverted(kind: str, confidence: float) -> None:
    found = divergence(kind, NOW, BEFORE)
    interval = found.interval(confidence)
    assert interval.low < found.estimate < interval.high
    assert found.below(interval.high) == pytest.approx(1 - confidence, abs=1e-9)
    if interval.low > 0:
        assert found.above(interval.low) == pytest.approx(1 - confidence, abs=1e-9)


def test_the_bounds_of_kolmogorov_smirnov_are_its_tests_inverted() -> None:
    found = KolmogorovSmirnov(0.3, 200, 300)
    interval = found.interval(0.95)
    assert found.above(interval.low) == pytest.approx(0.05)
    assert found.below(interval.high) == pytest.approx(0.05)


@pytest.mark.parametrize("size", [1, 2, 5, 40])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_no_interval_is_beyond_what_the_distance_can_be(size: int, confidence: float) -> None:
    """Of runs without a value in common both distances are 1, and more than that there is not."""
    now, before = np.array([size, 0]), np.array([0, size])
    apart = [
        divergence("jensen_shannon", now, before),
        KolmogorovSmirnov.of(np.zeros(size), np.ones(size)),
    ]
    for one in apart:
        interval = one.interval(confidence)
        assert one.estimate == pytest.approx(1)
        assert 0 <= interval.low <= interval.high == 1
    some = divergence("jensen_shannon", np.array([size, 1]), np.array([1, size]))
    interval = some.interval(confidence)
    assert 0 <= interval.low <= some.estimate <= interval.high <= 1


@pytest.mark.parametrize("size", [100, 1000])
@pytest.mark.parametrize("kind", ["psi", "jensen_shannon", "kolmogorov_smirnov"])
def test_without_drift_at_most_the_agreed_share_of_runs_shows_some(kind: str, size: int) -> None:
    pick = np.random.default_rng(7)
    alarms = sum(
        numbers(*(pick.lognormal(0, 1, size).tolist() for _ in range(2)), kind).above(0.0) < 0.05
        for _ in range(300)
    )
    # 5 % of 300 runs, and what chance adds to that in one of a thousand such tests.
    assert alarms <= 27


def test_of_many_rare_values_chance_is_not_taken_for_drift() -> None:
    """Of 300 words 100 draws share few, so that the distance is near 1 without any drift."""
    pick = np.random.default_rng(8)
    alarms, distances = 0, []
    for _ in range(200):
        now, before = (pick.integers(0, 300, 100).astype(float) for _ in range(2))
        found = evidence_on("jensen_shannon", Samples(now, before, categories=True))
        alarms += found.above(0.0) < 0.05
        distances.append(found.estimate)
    assert min(distances) > 0.6
    assert alarms <= 20


def test_a_real_shift_is_found() -> None:
    pick = np.random.default_rng(9)
    now, before = pick.normal(0.5, 1, 1000).tolist(), pick.normal(0, 1, 1000).tolist()
    for kind in ("psi", "jensen_shannon", "kolmogorov_smirnov"):
        assert numbers(now, before, kind).above(0.1) < 0.01, kind


@pytest.mark.parametrize("kind", ["psi", "jensen_shannon", "kolmogorov_smirnov"])
def test_a_few_records_that_are_all_alike_prove_nothing(kind: str) -> None:
    few, many = (numbers([1.0] * n, [1.0] * n, kind) for n in (5, 2000))
    assert few.estimate == many.estimate == 0.0
    assert few.below(0.2) > 0.05
    assert many.below(0.2) < 0.001


def test_an_unknown_value_is_one_more_value() -> None:
    pick = np.random.default_rng(10)
    before = pick.normal(0, 1, 500).tolist()
    now = [NAN] * 100 + before[100:]
    assert numbers(now, before, "kolmogorov_smirnov").estimate == pytest.approx(0.2, abs=0.02)
    assert numbers(now, before, "psi").above(0.1) < 0.05
    both = numbers(now, [NAN] * 100 + before[100:], "psi")
    assert both.estimate == 0.0


def test_a_value_below_a_reference_that_is_all_one_value_is_seen() -> None:
    before = [5.0] * 100
    for now in ([4.0] * 100, [6.0] * 100, [5.0] * 50 + [4.0] * 50):
        assert numbers(now, before).estimate > 1


def test_more_records_like_these_narrow_the_bounds() -> None:
    for found in (divergence("psi", NOW, BEFORE), KolmogorovSmirnov(0.05, 1000, 1000)):
        more = found.repeated(4.0)
        assert more.samples == 4 * found.samples
        assert more.interval(0.95).high < found.interval(0.95).high


def test_great_samples_are_told_apart_without_end() -> None:
    found = divergence("psi", NOW * 100_000, BEFORE * 100_000)
    assert found.above(found.estimate * 0.99) < 0.001
    assert found.below(found.estimate * 1.01) < 0.001
    low, high = found.interval(0.95).low, found.interval(0.95).high
    assert 0.99 * found.estimate < low < found.estimate < high < 1.01 * found.estimate


@pytest.mark.parametrize("kind", ["psi", "jensen_shannon", "kolmogorov_smirnov"])
@pytest.mark.parametrize("seed", range(12))
def test_one_value_lost_on_either_side_makes_no_drift_surer_whatever_it_was(
    kind: str, seed: int
) -> None:
    pick = np.random.default_rng(seed)
    is_category = kind != "kolmogorov_smirnov"
    runs = [pick.integers(0, 4, pick.integers(5, 30)).astype(float) for _ in range(2)]
    whole = evidence_on(kind, Samples(runs[0], runs[1], is_category))
    side = seed % 2
    runs[side] = runs[side].copy()
    runs[side][0] = np.nan
    lost = Samples(runs[0], runs[1], is_category)
    others = [evidence_on(kind, lost), *(one() for one in completions(kind, lost))]
    for is_upper in (True, False):
        found = Completed(
            others[0], tuple(partial(lambda one: one, one) for one in others), is_upper
        )
        for confidence in (0.8, 0.99):
            before, after = whole.interval(confidence), found.interval(confidence)
            assert after.high >= before.high if is_upper else after.low <= before.low
