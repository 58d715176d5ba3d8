"""Aggregates: what `metrics` may compute over many records.

They are typed here like any function; over records they are evaluated by the measuring back ends.
"""

from __future__ import annotations

from demur.functions import Function, Overload

SCOPE = "metrics"
_NUMBERS = ("double", "int", "uint")
_CATEGORIES = ("string", "bool")


def _of_numbers(name: str, about: str) -> Function:
    """An aggregate of one number a record, of all records or of those that a condition keeps."""
    return Function(
        name,
        about,
        *(
            overload
            for kind in _NUMBERS
            for overload in (
                Overload(f"aggregates.{name}_{kind}", f"{name}({kind}) -> double"),
                Overload(f"aggregates.{name}_{kind}_where", f"{name}({kind}, bool) -> double"),
            )
        ),
        scope=SCOPE,
    )


def _of_distributions(name: str, about: str, *kinds: str) -> Function:
    """An aggregate that compares how a signal is distributed in this run and in the baseline."""
    return Function(
        name,
        f"{about} Unknown values count as one more value. It needs a baseline.",
        *(
            overload
            for kind in kinds
            for overload in (
                Overload(f"aggregates.{name}_{kind}", f"{name}({kind}) -> double"),
                Overload(f"aggregates.{name}_{kind}_where", f"{name}({kind}, bool) -> double"),
            )
        ),
        scope=SCOPE,
    )


FUNCTIONS = (
    Function(
        "rate",
        "The share of records, of all or of those that the second condition keeps, for which the "
        "first condition holds; from 0 to 1.",
        Overload("aggregates.rate", "rate(bool) -> double"),
        Overload("aggregates.rate_where", "rate(bool, bool) -> double"),
        scope=SCOPE,
    ),
    Function(
        "count",
        "How many records there are, or for how many the condition holds.",
        Overload("aggregates.count", "count() -> double"),
        Overload("aggregates.count_where", "count(bool) -> double"),
        scope=SCOPE,
    ),
    _of_numbers("mean", "The arithmetic mean of a number over the records."),
    _of_numbers("sum", "The sum of a number over the records."),
    _of_numbers("min", "The least value over the records."),
    _of_numbers("max", "The greatest value over the records."),
    Function(
        "quantile",
        "The value below which the given share of the records' values lies, interpolated linearly.",
        *(
            overload
            for kind in _NUMBERS
            for overload in (
                Overload(f"aggregates.quantile_{kind}", f"quantile({kind}, double) -> double"),
                Overload(
                    f"aggregates.quantile_{kind}_where", f"quantile({kind}, double, bool) -> double"
                ),
            )
        ),
        scope=SCOPE,
    ),
    Function(
        "ratio",
        "The sum of the first number divided by the sum of the second, over the records.",
        *(
            Overload(f"aggregates.ratio_{kind}", f"ratio({kind}, {kind}) -> double")
            for kind in _NUMBERS
        ),
        scope=SCOPE,
    ),
    Function(
        "distinct",
        "How many different values there are over the records.",
        Overload("aggregates.distinct", "distinct(A) -> double"),
        scope=SCOPE,
    ),
    Function(
        "unknown_rate",
        "The share of records whose value is unknown: absent, null, NaN, or not as declared; from 0 to 1.",
        Overload("aggregates.unknown_rate", "unknown_rate(A) -> double"),
        Overload("aggregates.unknown_rate_where", "unknown_rate(A, bool) -> double"),
        scope=SCOPE,
    ),
    Function(
        "unique_rate",
        "How many different values there are for each record; 1 where no value comes twice.",
        Overload("aggregates.unique_rate", "unique_rate(A) -> double"),
        scope=SCOPE,
    ),
    _of_distributions(
        "drift",
        "How differently a signal is distributed than in the baseline, from 0 to 1: of numbers "
        "`kolmogorov_smirnov`, of text and bools `jensen_shannon`.",
        *_NUMBERS,
        *_CATEGORIES,
    ),
    _of_distributions(
        "kolmogorov_smirnov",
        "The greatest difference between the shares of records at or below a value, in this run "
        "and in the baseline; from 0 to 1.",
        *_NUMBERS,
    ),
    _of_distributions(
        "jensen_shannon",
        "The Jensen-Shannon distance (to base 2) of a signal's distribution from the baseline's, "
        "from 0 to 1; numbers by the baseline's deciles.",
        *_NUMBERS,
        *_CATEGORIES,
    ),
    _of_distributions(
        "psi",
        "The population stability index of a signal against the baseline, from 0; numbers by the "
        "baseline's deciles.",
        *_NUMBERS,
        *_CATEGORIES,
    ),
)
