"""Why the evidence gives a verdict, in words with its numbers."""

from __future__ import annotations

from math import inf, isinf

from demur.measure.demands import Demand, Row, cases_in_words, margin_of
from demur.measure.results import Interval

_ALLOWED = {
    "<": "less than {} is allowed",
    "<=": "at most {} is allowed",
    ">": "more than {} is required",
    ">=": "at least {} is required",
}


def reason_of(row: Row, demand: Demand, verdict: str, interval: Interval, is_beyond: bool) -> str:
    """Why the evidence gives this verdict, as a sentence with its numbers."""
    value, limit = row.measured.value, row.limit
    assert value is not None
    assert limit is not None
    bounds = interval.low, interval.high
    margin = margin_of(row)
    if margin is None:
        said, allowed, low, high = texts_of(value, limit, *bounds)
        bound, against = "bound {}", "it"
    else:
        said, allowed = texts_of(value, limit)
        against, low, high = texts_of(margin, *bounds)
        bound = "bound of the difference, {},"
    start = head_of(row, demand, said, allowed)
    if demand.is_upper:
        best, worst = f"lower {bound.format(low)}", f"upper {bound.format(high)}"
        misses, meets = f"is beyond {against}", f"keeps to {against}"
    else:
        best, worst = f"upper {bound.format(high)}", f"lower {bound.format(low)}"
        misses, meets = f"falls short of {against}", f"reaches {against}"
    if verdict == "fail":
        return f"{start}; even the {best} {misses}."
    if verdict == "pass":
        return f"{start}; even the {worst} {meets}."
    if is_beyond:
        return f"{start}; the {best} {misses}, but among so many slices one may do so by chance."
    what = "the true value" if margin is None else "the true difference"
    if isinf(interval.low) and isinf(interval.high):
        return f"{start}; these cases say nothing of how far {what} may be from that."
    return f"{start}; {what} may be anything from {low} to {high}."


def head_of(row: Row, demand: Demand, value: str, limit: str) -> str:
    """The value, over how many cases, and what is allowed."""
    allowed = _ALLOWED[demand.operator].format(limit)
    before = ""
    if row.baseline is not None and row.baseline.value is not None:
        (text,) = texts_of(row.baseline.value)
        before = f" ({text} in the baseline)"
    return f"{value} over {cases_in_words(row.measured)}{before}, where {allowed}"


def texts_of(*values: float) -> list[str]:
    """The numbers, with as many digits as it takes to tell different ones apart."""
    texts: list[str] = []
    for digits in (3, 4, 6, 9, 12):
        texts = [_text(value, digits) for value in values]
        if len(set(texts)) == len(set(values)):
            break
    return texts


def _text(value: float, digits: int) -> str:
    if abs(value) == inf:
        return "infinity" if value > 0 else "minus infinity"
    if 1 <= abs(value) < 1e15:
        places = max(0, digits - len(str(int(abs(value)))))
        text = f"{value:,.{places}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"
