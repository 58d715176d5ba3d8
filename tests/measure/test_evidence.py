"""Bounds and tests against scipy, published tables and simulations, and against each other."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from math import exp, inf, nan

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest, multinomial, norm, ttest_1samp

from demur.measure.evidence import Evidence
from demur.measure.evidence.chances import of_pairs, of_two_samples
from demur.measure.evidence.means import Mean
from demur.measure.evidence.paired_rates import PairedRates
from demur.measure.evidence.quantiles import Quantile
from demur.measure.evidence.rates import Rate
from demur.measure.evidence.resampled_quantiles import resample_quantiles
from demur.measure.evidence.resampling import Resampled, resample, resample_totals
from demur.measure.evidence.two_rates import TwoRates
from demur.measure.results import Interval

TWO_SIDED_95 = 0.975
"""The confidence of one-sided bounds that together are a two-sided interval at 95 %."""

counts = st.integers(0, 60)
values = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=40)
confidences = st.sampled_from([0.8, 0.9, 0.95, 0.99])


@st.composite
def rates(draw: st.DrawFn) -> Rate:
    samples = draw(st.integers(1, 400))
    return Rate(draw(st.integers(0, samples)), samples)


@st.composite
def two_rates(draw: st.DrawFn) -> TwoRates:
    size, before = draw(st.integers(1, 100)), draw(st.integers(1, 100))
    return TwoRates(draw(st.integers(0, size)), size, draw(st.integers(0, before)), before)


paired_rates = st.builds(PairedRates, counts, counts, counts, st.integers(1, 60))
means = values.map(Mean.of)
quantiles = st.builds(Quantile.of, values, st.floats(0.01, 0.99))
resampled = values.map(
    lambda some: resample_totals(
        lambda totals: totals[:, 0] / totals[:, 1],
        np.column_stack([some, np.ones(len(some))]),
        resamples=200,
    )
)
kinds = st.one_of(rates(), two_rates(), paired_rates, means, quantiles, resampled)


# Every kind of evidence.


@given(kinds, confidences, st.floats(-1, 1))
def test_a_bound_clears_a_limit_exactly_when_the_test_rejects(
    evidence: Evidence, confidence: float, limit: float
) -> None:
    interval = evidence.interval(confidence)
    # On the bound itself rounding decides.
    for clears, p_value in (
        (interval.low > limit, evidence.above(limit)),
        (interval.high < limit, evidence.below(limit)),
    ):
        rejects = p_value < 1 - confidence
        if abs(p_value - (1 - confidence)) > 1e-7:
            # Differences of rates are tested exactly where their bounds are not.
            is_exact = isinstance(evidence, PairedRates | TwoRates)
            assert clears or not rejects if is_exact else clears == rejects


@given(kinds, st.floats(-2, 2), st.floats(-2, 2))
def test_the_higher_the_limit_the_less_speaks_for_a_value_above_it(
    evidence: Evidence, one: float, other: float
) -> None:
    assume(not isinstance(evidence, PairedRates) or (one != 0 and other != 0))
    low, high = sorted((one, other))
    assert evidence.above(low) <= evidence.above(high) + 1e-9
    assert evidence.below(high) <= evidence.below(low) + 1e-9


@given(kinds, confidences)
def test_the_bounds_widen_with_the_confidence_and_those_of_rates_hold_the_estimate(
    evidence: Evidence, confidence: float
) -> None:
    narrow, wide = evidence.interval(confidence), evidence.interval(0.995)
    tolerance = 1e-9 * max(1.0, abs(evidence.estimate))
    assert wide.low <= narrow.low + tolerance
    assert wide.high >= narrow.high - tolerance
    # Of a handful of values the bounds of the others may leave out the estimate.
    if not isinstance(evidence, Mean | Quantile | Resampled):
        assert narrow.low - tolerance <= evidence.estimate <= narrow.high + tolerance


@given(kinds, confidences)
def test_a_hundredfold_repetition_has_the_same_estimate_and_closer_bounds(
    evidence: Evidence, confidence: float
) -> None:
    more = evidence.repeated(100)
    assert more.samples == 100 * evidence.samples
    assert more.estimate == pytest.approx(evidence.estimate, abs=1e-9)
    few, many = evidence.interval(confidence), more.interval(confidence)
    assert many.high - many.low <= few.high - few.low + 1e-9


@pytest.mark.parametrize(
    "evidence",
    [
        Rate(0, 0),
        PairedRates(0, 0, 0, 0),
        TwoRates(0, 0, 3, 10),
        TwoRates(3, 10, 0, 0),
        Mean.of([]),
        Mean.of([4.0]),
        Mean.of([1.0, inf]),
        Mean.of([1.0, -inf, inf]),
        Mean.of([1.0, nan]),
        Quantile.of([], 0.5),
        resample(lambda at: 1.0, 0),
        resample(lambda at: 1.0, 1),
        resample(lambda at: nan, 50),
        resample(lambda at: inf, 50),
        resample_totals(lambda totals: totals[:, 0], np.array([[1.0], [inf], [2.0]])),
        resample_quantiles(operator.sub, 0.5, np.empty(0), np.ones(3), is_paired=False),
    ],
)
def test_nothing_known_bounds_nothing(evidence: Evidence) -> None:
    interval = evidence.interval(0.9)
    assert interval.low in (-1.0, 0.0, -inf)
    assert interval.high in (1.0, inf)
    assert evidence.above(0.5) >= 0.5
    assert evidence.below(0.5) >= 0.5


# A rate.


@given(rates(), confidences)
def test_the_bounds_of_a_rate_are_scipys_exact_ones(rate: Rate, confidence: float) -> None:
    result = binomtest(int(rate.successes), rate.samples)
    expected = result.proportion_ci(2 * confidence - 1, method="exact")
    interval = rate.interval(confidence)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(rates(), st.floats(0.0, 1.0))
def test_the_p_values_of_a_rate_are_scipys_exact_ones(rate: Rate, limit: float) -> None:
    for p_value, side in ((rate.above(limit), "greater"), (rate.below(limit), "less")):
        expected = binomtest(int(rate.successes), rate.samples, limit, alternative=side).pvalue
        assert p_value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("limit", [0.001, 0.005, 0.01, 0.02, 0.05, 0.5, 0.98, 0.999])
@pytest.mark.parametrize("samples", [5, 30, 100, 150, 400])
def test_a_rate_at_its_limit_is_rejected_on_either_side_as_rarely_as_agreed(
    limit: float, samples: int
) -> None:
    chances = binom.pmf(np.arange(samples + 1), samples, limit)
    found = [Rate(count, samples) for count in range(samples + 1)]
    for p_values in ([one.above(limit) for one in found], [one.below(limit) for one in found]):
        assert chances[np.array(p_values) < 0.05].sum() <= 0.05


def test_a_limit_at_the_end_of_the_scale_is_settled_by_one_record() -> None:
    assert Rate(1, 1000).above(0.0) == 0.0
    assert Rate(0, 1000).above(0.0) >= 0.5
    assert Rate(999, 1000).below(1.0) == 0.0
    assert Rate(1000, 1000).below(1.0) >= 0.5


# A mean.


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=20), st.floats(-100, 100))
def test_without_skewness_a_mean_has_the_t_test(away: list[float], limit: float) -> None:
    # Values and their mirror images have no skewness.
    some = [7.0 + side * one for one in away for side in (-1, 1)]
    evidence, expected = Mean.of(some), ttest_1samp(some, limit, alternative="greater")
    assert evidence.interval(0.95).low == pytest.approx(expected.confidence_interval(0.95).low)
    assert evidence.above(limit) == pytest.approx(expected[1], abs=1e-9)
    expected = ttest_1samp(some, limit, alternative="less")
    assert evidence.interval(0.95).high == pytest.approx(expected.confidence_interval(0.95).high)
    assert evidence.below(limit) == pytest.approx(expected[1], abs=1e-9)


def test_a_mean_of_values_has_their_moments() -> None:
    evidence = Mean.of([1.0, 2.0, 3.0, 10.0])
    assert evidence.mean == 4.0
    assert evidence.deviation == pytest.approx(np.std([1, 2, 3, 10], ddof=1))
    assert evidence.skewness == pytest.approx(180 / 4 / 12.5**1.5)


def test_equal_values_are_a_point_once_they_are_enough() -> None:
    assert Mean.of([0.1] * 4).interval(0.95).high == inf
    interval = Mean.of([0.1] * 10).interval(0.95)
    assert (interval.low, interval.high) == (0.1, 0.1)
    assert Mean.of([0.1] * 10).below(0.2) == 0.5**10
    assert Mean.of([0.1] * 10).below(0.1) == 1.0


@pytest.mark.parametrize(
    ("draw", "true", "least"),
    [
        (lambda source: source.normal(2.0, 1.0, 50), 2.0, 0.935),
        (lambda source: source.lognormal(0.0, 0.5, 50), exp(0.125), 0.93),
        (lambda source: source.lognormal(0.0, 1.0, 200), exp(0.5), 0.915),
    ],
    ids=["normal", "lognormal", "very skewed"],
)
def test_the_bounds_of_a_mean_cover_it_on_either_side(
    draw: Callable[[np.random.Generator], np.ndarray], true: float, least: float
) -> None:
    source = np.random.default_rng(7)
    found = np.array([(one.low, one.high) for one in _intervals(draw, source, 4000)])
    low, high = np.mean(found[:, 0] <= true), np.mean(found[:, 1] >= true)
    assert least <= low <= 0.965
    assert least <= high <= 0.965


def test_the_correction_covers_a_skewed_mean_better_than_plain_t() -> None:
    source = np.random.default_rng(8)
    draws = [source.lognormal(0.0, 1.0, 100) for _ in range(4000)]
    hall = np.mean([Mean.of(one).interval(0.95).high >= exp(0.5) for one in draws])
    plain = np.mean(
        [
            Mean(one.mean(), one.std(ddof=1), 0.0, len(one)).interval(0.95).high >= exp(0.5)
            for one in draws
        ]
    )
    assert plain < 0.9 < hall - 0.01


def _intervals(
    draw: Callable[..., np.ndarray], source: np.random.Generator, times: int
) -> list[Interval]:
    return [Mean.of(draw(source)).interval(0.95) for _ in range(times)]


# A quantile.


@given(values, st.floats(0.0, 1.0))
def test_the_estimate_of_a_quantile_is_numpys(some: list[float], share: float) -> None:
    expected = float(np.quantile(some, share))
    assert Quantile.of(some, share).estimate == pytest.approx(expected, abs=1e-9)


def test_the_bounds_of_a_median_are_the_published_ranks() -> None:
    # Conover (1999), table A3: of 20 values the 6th and the 15th hold the median with 95.9 %.
    interval = Quantile.of(np.arange(1.0, 21.0), 0.5).interval(TWO_SIDED_95)
    assert (interval.low, interval.high) == (6.0, 15.0)


def test_too_few_values_bound_a_high_quantile_on_one_side_only() -> None:
    # 0.95 of 58 values and fewer: even the highest may lie below, with more than 5 % (0.95^58).
    assert Quantile.of(np.arange(58.0), 0.95).interval(0.95).high == inf
    assert Quantile.of(np.arange(59.0), 0.95).interval(0.95).high == 58.0


def test_infinite_values_are_values_of_a_quantile() -> None:
    some = Quantile.of([*range(90), *[inf] * 10], 0.85)
    assert some.estimate == pytest.approx(84.15)
    assert some.interval(0.95).high == inf
    assert some.below(1e300) > 0.05
    assert Quantile.of([1.0, inf, inf], 0.75).estimate == inf
    assert Quantile.of([-inf, -inf, 1.0], 0.25).estimate == -inf
    assert Quantile.of([1.0, inf], 0.5).estimate == inf


# Differences of rates.


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables (2017), ch. 8.
        ((59, 6, 16, 80), -0.1240, -0.0054),
        ((1, 1, 7, 12), -0.5172, -0.0260),
        ((0, 3, 0, 0), -0.1230, 1.0),
    ],
)
def test_the_difference_of_paired_rates_has_the_published_bounds(
    table: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = PairedRates(*table).interval(TWO_SIDED_95)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


@given(paired_rates)
def test_at_no_margin_paired_rates_have_mcnemars_exact_test(rates: PairedRates) -> None:
    gained, lost = int(rates.only_current), int(rates.only_baseline)
    assume(gained + lost)
    for side, p_value in (("greater", rates.above(0.0)), ("less", rates.below(0.0))):
        expected = binomtest(gained, gained + lost, 0.5, alternative=side).pvalue
        assert p_value == pytest.approx(expected)


def test_mcnemars_test_gives_the_published_p_value() -> None:
    # The same book and table: two-sided 0.0525.
    assert 2 * PairedRates(59, 6, 16, 80).below(0.0) == pytest.approx(0.052479, abs=5e-7)


def test_paired_rates_that_never_differ_are_bounded_by_how_many_they_are() -> None:
    z = float(norm.ppf(0.95))
    interval = PairedRates(300, 0, 0, 200).interval(0.95)
    assert interval.high == pytest.approx(z * z / (500 + z * z))
    assert interval.low == pytest.approx(-interval.high)


@pytest.mark.parametrize(
    ("table", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, Miettinen-Nurminen.
        ((56, 70, 48, 80), 0.0528, 0.3382),
        ((9, 10, 3, 10), 0.1700, 0.8406),
        ((6, 7, 2, 7), 0.0342, 0.8534),
        ((5, 56, 0, 29), -0.0326, 0.1933),
        # Fagerland, Lydersen and Laake (2017), chapter 4.
        ((0, 16, 15, 72), -0.3164, -0.0056),
    ],
)
def test_the_difference_of_two_rates_has_the_published_bounds(
    table: tuple[int, int, int, int], low: float, high: float
) -> None:
    interval = TwoRates(*table).interval(TWO_SIDED_95)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=5e-5)


def _sizes(
    one: Callable[..., Evidence], chances: Iterable[tuple[float, tuple[int, ...]]], margin: float
) -> tuple[float, float]:
    """How often a true difference that just is the margin is rejected at 5 %, on either side."""
    above = below = 0.0
    for chance, counts in chances:
        if chance > 1e-7:
            evidence = one(*counts)
            above += chance * (evidence.above(margin) < 0.05)
            below += chance * (evidence.below(margin) < 0.05)
    return above, below


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03])
@pytest.mark.parametrize("margin", [0.02, 0.05])
def test_a_rare_change_of_pairs_at_the_margin_is_rejected_as_rarely_as_agreed(
    share: float, margin: float
) -> None:
    size = 60
    chances = (
        (
            binom.pmf(lost, size, share)
            * binom.pmf(won, size - lost, (share + margin) / (1 - share)),
            (0, won, lost, size - won - lost),
        )
        for lost in range(15)
        for won in range(20)
    )
    assert max(_sizes(PairedRates, chances, margin)) <= 0.05


@pytest.mark.parametrize(("size", "before"), [(60, 60), (30, 600), (600, 30)])
@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_two_rare_rates_at_the_margin_are_rejected_as_rarely_as_agreed(
    size: int, before: int, margin: float
) -> None:
    share = 0.02
    chances = (
        (binom.pmf(a, size, share + margin) * binom.pmf(b, before, share), (a, size, b, before))
        for a in range(min(size, 80) + 1)
        for b in range(min(before, 40) + 1)
    )
    assert max(_sizes(TwoRates, chances, margin)) <= 0.05


def test_the_chance_of_a_difference_is_that_of_every_table() -> None:
    found = of_two_samples(0.2, 0.4, 10, 0.3, 15)
    tables = [
        binom.pmf(a, 10, 0.4) * binom.pmf(b, 15, 0.3)
        for a in range(11)
        for b in range(16)
        if a / 10 - b / 15 >= 0.2 - 1e-12
    ]
    assert found == pytest.approx(sum(tables))
    found = of_pairs(0.2, 0.3, 0.1, 10)
    pairs = [
        multinomial.pmf([won, lost, 10 - won - lost], 10, [0.3, 0.1, 0.6])
        for won in range(11)
        for lost in range(11 - won)
        if won - lost >= 2
    ]
    assert found == pytest.approx(sum(pairs))


@given(two_rates(), st.integers(-90, 90).map(lambda percent: percent / 100))
def test_the_other_way_around_two_rates_mirror(rates: TwoRates, margin: float) -> None:
    mirrored = TwoRates(rates.baseline_successes, rates.baseline_size, rates.successes, rates.size)
    assert mirrored.below(-margin) == pytest.approx(rates.above(margin), abs=1e-5)
