"""Corrections of p-values for how many are looked at: among many slices some look bad by chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

Correction = Callable[[Sequence[float]], tuple[float, ...]]
"""From p-values to adjusted ones, each in its place: to reject where one is below 1 - confidence."""


def none(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values as they are: each slice on its own."""
    return tuple(p_values)


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p-value times how many there are.

    Source: O. J. Dunn, Multiple comparisons among means, Journal of the American Statistical
    Association 56 (1961).
    """
    return tuple(min(1.0, one * len(p_values)) for one in p_values)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Bonferroni's, each times how many are not smaller: as safe, and never less sharp.

    Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6 (1979).
    """
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    times = range(len(p_values), 0, -1)
    stepped = (min(1.0, p_values[at] * count) for at, count in zip(order, times, strict=True))
    return _in_place(order, list(accumulate(stepped, max)))


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """For a share of false alarms among all alarms, instead of a chance of any false alarm.

    Source: Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal
    Statistical Society B 57 (1995).
    """
    count = len(p_values)
    order = sorted(range(count), key=p_values.__getitem__, reverse=True)
    stepped = (
        min(1.0, p_values[at] * count / rank)
        for at, rank in zip(order, range(count, 0, -1), strict=True)
    )
    return _in_place(order, list(accumulate(stepped, min)))


def _in_place(order: Sequence[int], values: Sequence[float]) -> tuple[float, ...]:
    """The values, each at the place that `order` says."""
    placed = dict(zip(order, values, strict=True))
    return tuple(placed[at] for at in range(len(placed)))


CORRECTIONS: Mapping[str, Correction] = {
    "none": none,
    "bonferroni": bonferroni,
    "holm": holm,
    "benjamini-hochberg": benjamini_hochberg,
}
"""The corrections by the names that a policy gives them."""
