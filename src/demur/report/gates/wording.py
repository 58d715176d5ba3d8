"""What all formats say of a gate alike: numbers, verdicts, places, and which slices are worst."""

from __future__ import annotations

import math
from collections.abc import Sequence

from demur.diagnostics import Position, Span
from demur.measure.codes import GATE_CODES
from demur.measure.results import (
    VERDICTS,
    Change,
    Flip,
    GateResult,
    Interval,
    Judgement,
    Requirement,
)
from demur.report import plural, printable
from demur.runs.codes import RUN_CODES

UNKNOWN = "–"
"""What stands where there is no number."""
DIGITS = 4
GLYPHS = {"pass": "✓", "inconclusive": "?", "fail": "✕", "error": "!"}
"""A sign for each verdict, so that colour is never the only one."""


COLUMNS = ("", "requirement", "value", "interval", "limit", "n", "unknown", "verdict")
"""The heads of a table of requirements."""
_SHORT = 60
"""Characters of a slice's name in a row."""
LONGEST = 200
"""Characters that are shown of a name that may come from a record."""
_CODES = {"fail": "DM801", "inconclusive": "DM802"}
CODES = {**GATE_CODES, **RUN_CODES}
"""The codes that a gate's report may name."""
_TELLING = 12
"""Characters of a digest or commit that tell it from others."""


def why_unknown(result: GateResult, path: str) -> str:
    """For which reasons a signal was unknown, in brackets: ` (no zone 3, wrong type 1)`, ` (nan)`."""
    kinds = result.unknown_reasons.get(path, {})
    words = {kind.replace("_", " "): count for kind, count in kinds.items()}
    if len(words) < 2:
        return "".join(f" ({word})" for word in words)
    ordered = sorted(words.items(), key=lambda one: -one[1])
    return f" ({', '.join(f'{word} {count:,}' for word, count in ordered)})"


def number(value: float | None, unit: str | None = None) -> str:
    """The number to four digits with its unit; a dash for None."""
    if value is None:
        return UNKNOWN
    text = rounded(value)
    return f"{text} {unit}" if unit else text


def rounded(value: float, digits: int = DIGITS) -> str:
    """The number to so many digits; all digits of a whole number, in groups of three."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        text = f"{value or 0.0:,.0f}"
    else:
        decimals = digits - 1 - math.floor(math.log10(abs(value)))
        if abs(value) < 1e-4 or abs(value) >= 1e15:
            text = f"{value:.{digits - 1}e}"
        else:
            text = f"{value:,.{max(decimals, 0)}f}"
            text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace("-", "−")


def interval(found: Interval | None) -> str:
    """Both ends of an interval, or a dash; one number where they are the same."""
    if found is None:
        return UNKNOWN
    if found.low == found.high:
        return rounded(found.low)
    return f"{rounded(found.low)} to {rounded(found.high)}"


def shown_interval(judgement: Judgement) -> str:
    """The interval of the value, or where a baseline was compared with that of the difference."""
    if judgement.difference is not None:
        return f"Δ {interval(judgement.difference)}"
    return interval(judgement.measured.interval)


def cells(requirement: Requirement) -> tuple[str, ...]:
    """The requirement's row under `COLUMNS`."""
    one = requirement.overall
    verdict = requirement.verdict
    return (
        GLYPHS[verdict],
        requirement.text,
        number(one.measured.value, requirement.unit),
        shown_interval(one),
        number(one.limit, requirement.unit),
        f"{one.measured.samples:,}",
        f"{one.measured.unknown:,}" if one.measured.unknown else "",
        " ".join(filter(None, (verdict, where(requirement), _LEVELS[requirement.level]))),
    )


_LEVELS = {"fail": "", "warn": "(warn)"}


def where(requirement: Requirement) -> str:
    """The slice that made the verdict, where the whole did not, and how many more did; or nothing."""
    first = leading(requirement)
    if not first.slice.of:
        return ""
    others = sum(one.verdict == requirement.verdict for one in requirement.judgements) - 1
    more = f" and {plural(others, 'more slice')}" if others else ""
    return f"in {short(str(first.slice), _SHORT)}{more}"


def figures(requirement: Requirement, judgement: Judgement) -> str:
    """The numbers of a judgement in one line."""
    measured, unit = judgement.measured, requirement.unit
    shown = {
        "value": number(measured.value, unit),
        "interval": shown_interval(judgement),
        "limit": number(judgement.limit, unit),
        "baseline": number(judgement.baseline.value, unit) if judgement.baseline else UNKNOWN,
        "p": number(judgement.p_value),
        "p corrected": number(judgement.adjusted),
    }
    parts = [f"{name} {value}" for name, value in shown.items() if value != UNKNOWN]
    unknown = f", {measured.unknown:,} of them unknown" if measured.unknown else ""
    return printable(f"{', '.join([*parts, plural(measured.samples, 'record')])}{unknown}")


def json_number(value: float | None) -> float | str | None:
    """The number as JSON can hold it: an infinity as text, what is no number as null."""
    if value is None or math.isnan(value):
        return None
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def short(text: str, longest: int = LONGEST) -> str:
    """The text in one line, with nothing in it that acts, and not longer than that."""
    text = printable(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def place(result: GateResult, requirement: Requirement) -> Span | None:
    """Where the requirement stands in the policy file; None in a bundle."""
    if not (result.policy_path and requirement.line):
        return None
    line, column = requirement.line, requirement.column
    end = max(requirement.end_column, column)
    return Span(result.policy_path, Position(line, column), Position(line, end))


def code(judgement: Judgement) -> str:
    """The diagnostic's code of a judgement that is no pass."""
    return judgement.code or _CODES.get(judgement.verdict, "DM817")


def code_name(code: str) -> str:
    """The code and its readable form: `DM801 requirement-missed`."""
    return f"{code} {CODES[code][0]}" if code in CODES else short(code)


def sentence(judgement: Judgement) -> str:
    """The slice, unless it is the whole, and why its verdict is what it is."""
    where = f"{short(str(judgement.slice))}: " if judgement.slice.of else ""
    return f"{where}{printable(judgement.reason)}"


def settling(judgement: Judgement) -> str:
    """What would settle a judgement that is inconclusive; empty for any other."""
    if judgement.verdict != "inconclusive":
        return ""
    if judgement.needed is None:
        return "No number of further cases like these would settle it."
    return f"{plural(judgement.needed, 'further case')} like these would settle it."


def some_cases(names: Sequence[str], most: int = 5) -> str:
    """The first of the cases, and whether there are more; empty for none."""
    more = ", …" if len(names) > most else ""
    return f"{', '.join(short(one) for one in names[:most])}{more}"


def not_met(requirement: Requirement) -> list[Judgement]:
    """The judgements that are no pass: of the whole first, then of the worst slices."""
    found = [requirement.overall, *by_damage(requirement)]
    return [one for one in found if one.verdict != "pass"]


def leading(requirement: Requirement) -> Judgement:
    """The first judgement that made the requirement's verdict."""
    found = [requirement.overall, *by_damage(requirement)]
    return next(one for one in found if one.verdict == requirement.verdict)


def beyond(requirement: Requirement, judgement: Judgement) -> float | None:
    """How far the value lies beyond the limit, negative where it keeps to it, in the metric's unit."""
    value, limit = judgement.measured.value, judgement.limit
    if value is None or limit is None:
        return None
    far = value - limit if requirement.operator.startswith("<") else limit - value
    return far if math.isfinite(far) else None


def changes(found: Sequence[Change]) -> str:
    """What changed between two runs: `prompt 1a2b → 3c4d, commit 5e6f → 7a8b`."""
    return ", ".join(f"{short(one.what)} {digest(one.before)} → {digest(one.now)}" for one in found)


def digest(text: str | None) -> str:
    """The beginning of a digest or commit, without the name of its algorithm."""
    return "unknown" if text is None else short(text.rpartition(":")[2][:_TELLING])


def by_damage(requirement: Requirement) -> list[Judgement]:
    """The judgements of slices, worst verdict first, then farthest beyond the limit."""

    def key(one: Judgement) -> tuple[int, float]:
        far = beyond(requirement, one)
        return -VERDICTS.index(one.verdict), -far if far is not None else 0.0

    return sorted(requirement.judgements[1:], key=key)


def ordered_flips(result: GateResult) -> list[Flip]:
    """The flips, those that got worse by most metrics first."""
    return sorted(result.flips, key=lambda one: (-len(one.worse), len(one.better)))


def flip_counts(result: GateResult) -> tuple[int, int, int]:
    """How many flips are worse, better, and neither; what got worse by any metric is worse."""
    worse = sum(bool(one.worse) for one in result.flips)
    better = sum(bool(one.better) and not one.worse for one in result.flips)
    return worse, better, len(result.flips) - worse - better


def headline(result: GateResult) -> str:
    """The verdict in a sentence: what was judged, and what speaks against it."""
    over = plural(result.records, "case")
    counts = {
        verdict: sum(one.verdict == verdict for one in _blocking(result)) for verdict in VERDICTS
    }
    against = [
        f"{counts[one]} {_SAID[one]}" for one in ("error", "fail", "inconclusive") if counts[one]
    ]
    total = plural(len(_blocking(result)), "requirement")
    warnings = sum(one.level == "warn" and one.verdict != "pass" for one in result.requirements)
    said = f"of {total} {', '.join(against)}" if against else f"{total} met"
    if result.problems:
        said = f"{plural(len(result.problems), 'problem')} with the results; {said}"
    more = f", {plural(warnings, 'warning')}" if warnings else ""
    return f"{said}{more}, over {over}"


_SAID = {
    "error": "could not be judged",
    "fail": "missed",
    "inconclusive": "inconclusive",
}


def _blocking(result: GateResult) -> Sequence[Requirement]:
    return [one for one in result.requirements if one.level == "fail"]
