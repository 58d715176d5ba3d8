"""The meaning in plain Python: what is known and why not, and what an aggregate comes to at worst.

It is written from `docs/semantics.md` and shares nothing with what it checks.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

from tests.paths.generation import METRICS, SIGNALS

Record = Mapping[str, Any]
Triple = tuple[Any, Any, bool | None]
"""A value, a second value, and whether the record counts; each None where unknown."""
Five = tuple[float | None, float | None, float | None, int, int]
"""A value over the known, its lowest, its highest, the records that may count, the unknown of them."""


STAGES = ("request", "retrieval", "answer")


def last_stage(expression: str) -> int:
    """The number of the last stage that a metric reads a signal of."""
    return max(at for at, stage in enumerate(STAGES) if at == 0 or f"{stage}." in expression)


def reached(decision: Any, stage: int, *, served: bool) -> bool:
    """Whether a record counts at a stage: it came there, or nothing but the unknown kept it from it.

    Of what was `served` it is known how far it came.
    """
    if STAGES.index(decision.stage) >= stage:
        return True
    held = any(one.state == "fired" and one.action in _STOPPING for one in decision.firings)
    return not held and not served


def may_come_to(decision: Any, path: str) -> bool:
    """Whether a record counts at the stage of a signal."""
    stage = path.partition(".")[0]
    return stage not in STAGES or reached(decision, STAGES.index(stage), served=False)


_STOPPING = ("escalate", "abstain", "refuse")


def raw(record: Record, path: str) -> Any:
    """What a record holds; null and absence are one, as they are in a table."""
    stage, _, name = path.partition(".")
    holder = record.get(stage)
    return holder.get(name) if isinstance(holder, Mapping) else None


def why(value: Any, declared: Mapping[str, Any], path: str) -> tuple[str, str] | None:
    """Where and why a value is unknown; None where it is known."""
    kind = declared["type"]
    if value is None:
        return path, "absent"
    if kind in ("double", "int"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return path, "wrong_type"
        if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
            if kind == "int":
                return path, "wrong_type"
            return path, "nan" if math.isnan(value) else "infinite"
        is_whole = isinstance(value, int) or (value.is_integer() and abs(value) < 2**53)
        if kind == "int" and not is_whole:
            return path, "wrong_type"
        if not declared.get("min", -(2**1024)) <= value <= declared.get("max", 2**1024):
            return path, "out_of_bounds"
        return None
    if kind == "timestamp":
        return _why_time(value, declared, path)
    types: dict[str, Any] = {
        "string": str, "bool": bool, "list": list, "map": Mapping, "object": Mapping,
    }  # fmt: skip
    if not isinstance(value, types[kind]):
        return path, "wrong_type"
    if len(value) > declared.get("max_size", math.inf) if kind in ("string", "list") else False:
        return path, "too_large"
    if kind == "list":
        parts = (why(one, declared["of"], f"{path}[]") for one in value)
        return next((one for one in parts if one is not None), None)
    if kind == "map":
        parts = (why(one, declared["of"], path) for one in value.values())
        found = next((one for one in parts if one is not None), None)
        return None if found is None else (f"{path}{{}}", found[1])
    if "enum" in declared and value not in declared["enum"]:
        return path, "not_in_enum"
    return None


def _why_time(value: Any, declared: Mapping[str, Any], path: str) -> tuple[str, str] | None:
    if isinstance(value, str):
        if not re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?", value):
            return path, "wrong_type"
        value = datetime.fromisoformat(value)
    if value.tzinfo is not None:
        return None
    if "zone" not in declared:
        return path, "no_zone"
    zone = ZoneInfo(declared["zone"])
    # On the clocks of that zone the two readings of a local time agree if it is shown once.
    first, second = (
        value.replace(tzinfo=zone, fold=fold).astimezone(ZoneInfo("UTC")) for fold in (0, 1)
    )
    return None if first == second else (path, "clock_change")


def unknown(record: Record, text: str) -> Iterator[tuple[str, str]]:
    """Each path that a policy of this text reads and that is unknown, with the kind of reason."""
    for path, declared in SIGNALS.items():
        if not re.search(rf"\b{re.escape(path)}\b", text):
            continue
        value = raw(record, path)
        if value is None and declared.get("optional"):
            continue
        found = why(value, declared, path)
        if found is not None:
            yield found
            continue
        holder: Mapping[str, Any] = declared
        holders: Any = [value]
        place = path
        if declared["type"] == "list":
            holder, holders, place = declared["of"], value, f"{path}[]"
        if holder["type"] != "object":
            continue
        read = r"\bs\.(\w+)" if declared["type"] == "list" else rf"{re.escape(path)}\.(\w+)"
        for name in sorted(set(re.findall(read, text)) & set(holder["fields"])):
            wrong = (why(one[name], holder["fields"][name], f"{place}.{name}") for one in holders)
            first = next((one for one in wrong if one is not None), None)
            if first is not None:
                yield first


class Known:
    """The known values of a record."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def __call__(self, path: str) -> Any:
        declared = SIGNALS[path]
        value = raw(self.record, path)
        if why(value, declared, path) is not None:
            return None
        if declared["type"] == "int":
            return int(value)
        return float(value) if declared["type"] == "double" else value


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _above(value: float | None, limit: float) -> bool | None:
    return None if value is None else value > limit


def _flagged(known: Known, decision: Any) -> bool | None:
    del decision
    return known("request.flag")


def _is_a(known: Known, decision: Any) -> bool | None:
    del decision
    intent = known("request.intent")
    return None if intent is None else intent == "a"


def _trusted(known: Known) -> bool | None:
    sources = known("retrieval.sources")
    if sources is None:
        return None
    shape = SIGNALS["retrieval.sources"]["of"]["fields"]["trust"]
    each = [None if why(one["trust"], shape, "") else one["trust"] > 0.8 for one in sources]
    return True if True in each else None if None in each else False


Read = Callable[[Known, Any], Any]
INF = math.inf
SPECIFIED: dict[str, tuple[str, Read, Read | None, tuple[float, float], float]] = {
    "answered": ("rate", lambda k, d: d.answered, None, (0, 1), 0),
    "failing": ("rate", lambda k, d: "low" in d.failures, None, (0, 1), 0),
    "bad": ("rate", lambda k, d: _not(k("outcome.ok")), lambda k, d: d.answered, (0, 1), 0),
    "over": ("rate", lambda k, d: _above(k("answer.score"), 0.5), _flagged, (0, 1), 0),
    "trusted": ("rate", lambda k, d: _trusted(k), None, (0, 1), 0),
    "many": ("count", lambda k, d: _above(k("request.count"), 5), None, (0, 1), 0),
    "mean_ratio": ("mean", lambda k, d: k("answer.ratio"), None, (-INF, INF), 0),
    "mean_score": ("mean", lambda k, d: k("answer.score"), None, (0, 1), 0),
    "mean_count": ("mean", lambda k, d: k("request.count"), _is_a, (-3, 100), 0),
    "total": ("sum", lambda k, d: k("answer.score"), _flagged, (0, 1), 0),
    "least": ("min", lambda k, d: k("answer.score"), None, (0, 1), 0),
    "most": ("max", lambda k, d: k("request.count"), _flagged, (-3, 100), 0),
    "middle": ("quantile", lambda k, d: k("answer.score"), None, (0, 1), 0.5),
    "high": ("quantile", lambda k, d: k("answer.ratio"), _flagged, (-INF, INF), 0.9),
    "shares": ("ratio", lambda k, d: k("request.count"), None, (-3, 100), 0),
    "kinds": ("distinct", lambda k, d: k("request.tenant"), None, (-INF, INF), 0),
    "unique": ("unique_rate", lambda k, d: k("request.big"), None, (-INF, INF), 0),
    "unscored": ("rate", lambda k, d: k("answer.score") is None, None, (0, 1), 0),
    "untold": ("rate", lambda k, d: k("request.tenant") is None, _flagged, (0, 1), 0),
    "rated": ("ratio", lambda k, d: k("answer.score"), None, (0, 1), 0),
    "scored": ("count", lambda k, d: _above(k("answer.score"), 0.5), None, (0, 1), 0),
    "came": ("rate", lambda k, d: None, None, (0, 1), 0),
    "graded": ("rate", lambda k, d: k("retrieval.grades") is None, None, (0, 1), 0),
}  # fmt: skip
"""Each metric's kind, value, `where`, the ends of what its value may be, and a quantile's share."""
assert set(SPECIFIED) == set(METRICS)


def slices(record: Record, path: str) -> list[str]:
    """The slices of one dimension that a record is in."""
    value = Known(record)(path)
    if value is None:
        return ["(unknown)"]
    if isinstance(value, list):
        return sorted(set(value)) or ["(none)"]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def measured(
    metric: str, records: Sequence[Record], decisions: Sequence[Any], *, served: bool
) -> Five:
    """The metric over records: known, lowest, highest, and how many count and are unknown."""
    kind, value, where, ends, share = SPECIFIED[metric]
    triples: list[Triple] = []
    for record, decision in zip(records, decisions, strict=True):
        known = Known(record)
        second = known("outcome.stars") if kind == "ratio" else None
        counts = True if where is None else where(known, decision)
        came = reached(decision, last_stage(METRICS[metric]), served=served)
        if kind == "count":
            # Of all records: none that did not come there holds.
            found = value(known, decision)
            triples.append((found if came else False, second, counts))
            continue
        if not came or counts is False:
            continue
        if metric == "came":
            found = reached(decision, len(STAGES) - 1, served=served)
        else:
            found = value(known, decision)
        triples.append((found, second, counts))
    triples = [one for one in triples if one[2] is not False]
    return _AGGREGATES[kind](triples, ends, share)


def _rate(triples: Sequence[Triple], ends: Any, share: float) -> Five:
    del ends, share
    sure = [value for value, _, counts in triples if counts]
    maybe = [value for value, _, counts in triples if counts is None]
    known = [value for value in sure if value is not None]
    rates: list[float] = []
    # Of a quotient of sums the extremes lie where all alike do alike.
    for filled, in_true, in_false, in_open in product(
        (True, False), (True, False), (True, False), (None, True, False)
    ):
        values = [filled if one is None else one for one in sure]
        values += [True for one in maybe if one is True and in_true]
        values += [False for one in maybe if one is False and in_false]
        values += [in_open for one in maybe if one is None and in_open is not None]
        if values:
            rates.append(sum(values) / len(values))
    unknown = len(sure) - len(known) + len(maybe)
    mean = sum(known) / len(known) if known else None
    low, high = (min(rates), max(rates)) if rates else (None, None)
    return mean, low, high, len(triples), unknown


def _count(triples: Sequence[Triple], ends: Any, share: float) -> Five:
    del ends, share
    unknown = sum(value is None or counts is None for value, _, counts in triples)
    true = sum(value is True and counts is True for value, _, counts in triples)
    maybe = sum(value is not False for value, _, counts in triples) - true
    return true, true, true + maybe, len(triples), unknown


def _split(triples: Sequence[Triple]) -> tuple[list[float], int]:
    known = [value for value, _, counts in triples if counts and value is not None]
    return known, len(triples) - len(known)


def _mean(triples: Sequence[Triple], ends: tuple[float, float], share: float) -> Five:
    del share
    known, unknown = _split(triples)
    low, high = (
        sum([*known, *[end] * unknown]) / len(triples) if triples else None for end in ends
    )
    return (math.fsum(known) / len(known) if known else None), low, high, len(triples), unknown


def _sum(triples: Sequence[Triple], ends: tuple[float, float], share: float) -> Five:
    del share
    known, unknown = _split(triples)
    low = high = math.fsum(known)
    for value, _, counts in triples:
        if counts and value is None:
            low, high = low + ends[0], high + ends[1]
        elif counts is None:
            low += min(0.0, ends[0] if value is None else value)
            high += max(0.0, ends[1] if value is None else value)
    return math.fsum(known), low, high, len(triples), unknown


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Five]:
    def found(triples: Sequence[Triple], ends: tuple[float, float], share: float) -> Five:
        del share
        known, unknown = _split(triples)
        filled = [
            choose([*known, *([end] if unknown else [])]) if triples else None for end in ends
        ]
        if unknown and known:
            # A record that may not count, or count as little as any, moves nothing the other way.
            filled[choose is min] = choose(known)
        low, high = filled
        return (choose(known) if known else None), low, high, len(triples), unknown

    return found


def _quantile(triples: Sequence[Triple], ends: tuple[float, float], share: float) -> Five:
    known, unknown = _split(triples)
    low, high = (_interpolated([*known, *[end] * unknown], share) for end in ends)
    return _interpolated(known, share), low, high, len(triples), unknown


def _interpolated(values: list[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, part = ordered[int(place)], place - int(place)
    if not part or math.isinf(low):
        return low
    high = ordered[int(place) + 1]
    return low if low == high else low * (1 - part) + high * part


def _ratio(triples: Sequence[Triple], ends: tuple[float, float], share: float) -> Five:
    del share
    sure = [(one, two) for one, two, counts in triples if counts]
    both = [(one, two) for one, two in sure if one is not None and two is not None]
    unknown = len(triples) - len(both)
    known = sum(one for one, _ in both) / sum(two for _, two in both) if both else None
    if len(sure) < len(triples):
        # Of a quotient to which a record may or may not add, nothing is promised.
        return known, None, None, len(triples), unknown
    quotients = [
        sum(top if one is None else one for one, _ in sure) / divisor
        for top in ends
        for bottom in (1, 5)
        for divisor in [sum(bottom if two is None else two for _, two in sure)]
        if divisor
    ]
    low, high = (min(quotients), max(quotients)) if quotients else (None, None)
    return known, low, high, len(triples), unknown


def _distinct(triples: Sequence[Triple], ends: Any, share: float) -> Five:
    del ends, share
    known, unknown = _split(triples)
    count = len(set(known))
    return count, count, count + unknown, len(triples), unknown


def _unique_rate(triples: Sequence[Triple], ends: Any, share: float) -> Five:
    del ends, share
    known, unknown = _split(triples)
    count, size = len(set(known)), len(triples)
    low, high = (count / size, (count + unknown) / size) if size else (None, None)
    return (count / len(known) if known else None), low, high, size, unknown


_AGGREGATES: dict[str, Callable[..., Five]] = {
    "rate": _rate, "count": _count, "mean": _mean, "sum": _sum, "min": _extreme(min), "max": _extreme(max),
    "quantile": _quantile, "ratio": _ratio, "distinct": _distinct, "unique_rate": _unique_rate,
}  # fmt: skip


def place_of(signal: str) -> str:
    """A path as `decide` names it with all elements of a list, and all values of a map, as one."""
    without = re.sub(r"\[\d*\]", "[]", signal)
    return re.sub(r"^(retrieval\.weights)\..*", r"\1{}", without)
