"""A search for a record that makes a verdict better by becoming unknown, or by being bad."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, nan
from typing import Any

from demur.measure.thresholds import Threshold
from demur.tree import Constant, Expression, rebuilt, walk
from tests.verdicts.judging import verdict
from tests.verdicts.policy import DRIFTS, METRICS, batch, with_settings

BATCH = 150
"""Requirements in one policy, which is compiled once."""
CHANGES, STEPS = 6, 9
"""Changes to each scenario, and steps to where its requirement is just missed."""
Rows = list[dict[str, Any]]
SIGNALS = ("ok", "bad", "kept", "score", "cost", "tokens", "team", "tags")
TEXTS = ("team",)
UNKNOWN: dict[str, Callable[[str], Any]] = {
    "absent": lambda signal: None,
    "null": lambda signal: None,
    "nan": lambda signal: nan,
    "infinite": lambda signal: inf,
    "wrong_type": lambda signal: 7 if signal in TEXTS else "text",
    "out_of_bounds": lambda signal: -1.0,
}
"""What makes a signal unknown, by the reason."""


@dataclass(frozen=True)
class Improvement:
    """A verdict that became better, and by what."""

    seed: int
    threshold: Threshold
    change: str
    before: str
    after: str

    def __str__(self) -> str:
        settings = self.threshold
        return (
            f"seed {self.seed}: {settings.text} [{_number(settings)}] (confidence {settings.confidence}, by "
            f"{list(settings.by)}, min_slice {settings.min_slice}, min_samples "
            f"{settings.min_samples}): {self.before} became {self.after} when {self.change}"
        )


def _number(threshold: Threshold) -> float | None:
    numbers = [one.value for one in walk(threshold.limit) if isinstance(one, Constant)]
    return numbers[0] if numbers else None


def improves(before: str, after: str, is_by_value: bool) -> bool:
    """Whether a verdict got better.

    To pass is better than not to. Where the value of all records alone decides, no verdict may come
    nearer to a pass either. With a confidence, or with slices, a failure may become inconclusive: with a
    record less that is known there is less to show it by, and neither lets a change through.
    """
    if after == "pass":
        return before != "pass"
    return is_by_value and (before, after) == ("fail", "inconclusive")


def found(seed: int) -> list[Improvement]:
    """The improvements among the changes of one scenario."""
    pick = random.Random(seed)
    evaluator, thresholds = batch(seed // BATCH, BATCH)
    threshold = with_settings(thresholds[seed % BATCH], pick)
    records, baseline = scenario(pick, threshold)

    def asked(one: Threshold) -> str:
        return verdict(evaluator, one, records, baseline)

    threshold = at_the_edge(threshold, asked)
    first = asked(threshold)
    improvements: list[Improvement] = []
    for _ in range(CHANGES):
        change = changed(pick, threshold, records, baseline)
        if change is None:
            continue
        now, before, what = change
        if first == "error" and len(now) > len(records):
            # A record that is known may well mend that there was none.
            continue
        after = verdict(evaluator, threshold, now, before)
        if improves(first, after, threshold.confidence is None and not threshold.by):
            improvements.append(Improvement(seed, threshold, what, first, after))
    return improvements


def at_the_edge(threshold: Threshold, asked: Callable[[Threshold], str]) -> Threshold:
    """The requirement with a number in its bound that it just misses; as it is where none is found."""
    lowest = 0.0 if threshold.metric in DRIFTS else -2.0
    loose, strict = (3.0, lowest) if threshold.is_upper else (lowest, 3.0)
    if asked(with_number(threshold, loose)) != "pass":
        return threshold
    for _ in range(STEPS):
        middle = round((loose + strict) / 2, 6)
        if asked(with_number(threshold, middle)) == "pass":
            loose = middle
        else:
            strict = middle
    return with_number(threshold, strict)


def with_number(threshold: Threshold, number: float) -> Threshold:
    """The requirement with another number in its bound."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Constant) and isinstance(node.value, float):
            return Constant(number, node.type, node.span)
        return rebuilt(node, change)

    return replace(threshold, limit=change(threshold.limit))


def scenario(pick: random.Random, threshold: Threshold) -> tuple[Rows, Rows | None]:
    """Records, and a baseline where the requirement compares with one."""
    size = pick.choice((1, 2, 5, 8, 12, 20, 30, 45))
    shape = pick.choice(("alike", "few", "mixed", "spread"))
    share = {"alike": 0.0, "few": pick.choice((0.03, 0.1)), "mixed": 0.3, "spread": 0.5}[shape]
    good = pick.random() < 0.5
    records = [_record(pick, f"c{at}", shape, share, good) for at in range(size)]
    if pick.random() < 0.3:
        _forget(pick, records, "score")
    if not threshold.uses_baseline and threshold.metric not in DRIFTS:
        return records, None
    way = pick.choice(("same", "perturbed", "other"))
    if way == "other":
        others = pick.choice((5, 20, 40))
        return records, [_record(pick, f"b{at}", shape, share, good) for at in range(others)]
    baseline = copy.deepcopy(records)
    if way == "perturbed":
        for at in pick.sample(range(size), max(1, size // 8)):
            baseline[at] = _record(pick, f"c{at}", "mixed", 0.5, good)
    return records, baseline


def _record(pick: random.Random, name: str, shape: str, share: float, good: bool) -> dict[str, Any]:
    differs = pick.random() < share
    score = pick.choice((0.0, 0.2, 0.5, 1.0)) if differs else (0.9 if good else 0.3)
    if shape == "spread":
        score = round(pick.random(), 2)
    answer = {
        "ok": good != differs,
        "bad": good == differs,
        "kept": pick.random() < (0.9 if shape != "alike" else 1.0),
        "score": score,
        "cost": round(pick.lognormvariate(0, 1), 2) if shape == "spread" else 1.0 + differs,
        "tokens": pick.choice((1.0, 2.0, 4.0)) if differs else 2.0,
        "team": pick.choice(("a", "a", "a", "b")),
        "tags": pick.choice((["x"], ["x", "y"], [])),
    }
    return {"id": name, "answer": answer}


def changed(
    pick: random.Random, threshold: Threshold, records: Rows, baseline: Rows | None
) -> tuple[Rows, Rows | None, str] | None:
    """The same records with a known one unknown, on either side, or with one more that is bad.

    None where the policy decides otherwise because of it: its decision is known.
    """
    if pick.random() < 0.25 and _can_be_spoken_against(threshold):
        added = speaking(pick, threshold, records, baseline, 1)
        return [*records, *added], baseline, f"{added[0]} came in addition"
    side = "the run"
    now, before = copy.deepcopy(records), copy.deepcopy(baseline)
    rows = now
    if threshold.metric == "unknown" and not threshold.is_upper:
        return None
    # How many of a baseline's records are unknown is what that metric measures, and no doubt of it.
    if before is not None and pick.random() < 0.35 and threshold.metric != "unknown":
        side, rows = "the baseline", before
    chosen = pick.choice(rows)
    decides = threshold.metric == "refused" or "decision.action" in threshold.by
    if pick.random() < 0.2:
        if decides:
            return None
        # All of it is unknown then, its slice among the rest.
        chosen.pop("answer", None)
        return now, before, f"{chosen['id']} crashed in {side}"
    read = [
        one for one in SIGNALS if f"answer.{one}" in f"{METRICS[threshold.metric]} {threshold.by}"
    ]
    signal = pick.choice(read or SIGNALS)
    if decides and signal == "score":
        return None
    reason = _forget(pick, [chosen], signal)
    return now, before, f"answer.{signal} of {chosen['id']} in {side} was {reason}"


def _can_be_spoken_against(threshold: Threshold) -> bool:
    """Whether there is a record that is worse for the requirement whatever the others are.

    A further record may bring a slice over `min_slice`, so that a sum is no longer judged together.
    """
    if (
        threshold.metric in (*DRIFTS, "kinds", "unique", "spread")
        or "decision.action" in threshold.by
    ):
        return False
    return threshold.min_slice is None or threshold.metric not in ("total", "total_where", "number")


def _forget(pick: random.Random, rows: Rows, signal: str) -> str:
    reason = pick.choice(list(UNKNOWN))
    chosen = pick.choice(rows)
    answer = chosen.get("answer")
    if answer is None:
        return reason
    value = UNKNOWN[reason](signal)
    if reason in ("absent", "out_of_bounds") or (value in (nan, inf) and signal in TEXTS):
        answer.pop(signal, None)
        if reason == "out_of_bounds" and signal in ("score", "cost", "tokens"):
            answer[signal] = -1.0
    else:
        answer[signal] = value
    return reason


def speaking(
    pick: random.Random,
    threshold: Threshold,
    records: Rows,
    baseline: Rows | None,
    count: int,
) -> Rows:
    """Further records that speak against the requirement, in a slice that there is."""
    upper = threshold.is_upper
    like = pick.choice(records).get("answer", {})
    score = 1.0 if upper else 0.0
    if threshold.metric == "refused":
        # The policy declines a low score.
        score = 1.0 - upper
    bad = {
        "ok": not upper,
        "bad": upper,
        "kept": True,
        "score": score,
        "cost": 50.0 if upper else 0.0,
        "tokens": 1.0 if upper else 4.0,
        "team": like.get("team", "a"),
        "tags": like.get("tags", ["x"]),
    }
    if threshold.metric in ("complement", "negated"):
        bad["ok"] = not upper
    if threshold.metric == "mean_tokens":
        bad["tokens"] = 4.0 if upper else 1.0
    return [{"id": f"z{at}-{pick.randrange(10**6)}", "answer": dict(bad)} for at in range(count)]


def search(seeds: Sequence[int]) -> list[Improvement]:
    """All improvements of the scenarios."""
    return [one for seed in seeds for one in found(seed)]
