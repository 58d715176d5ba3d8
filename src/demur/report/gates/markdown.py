"""Markdown for a comment on a pull request, and for GitHub's job summary: the verdict first.

All text that a record or a policy holds is shown as itself: nothing of it is markup or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from demur.interop.github_markdown import code, folded, prose, table
from demur.measure.results import FailureCount, Flip, GateResult, Judgement, Requirement
from demur.report import plural, version
from demur.report.gates.wording import (
    COLUMNS,
    GLYPHS,
    cells,
    changes,
    code_name,
    flip_counts,
    headline,
    not_met,
    ordered_flips,
    rounded,
    settling,
    short,
    why_unknown,
)

LONGEST = 60_000
"""Characters of a report. GitHub refuses a comment of more than 65,536, whatever it counts as one."""
_ROWS = 40
"""Rows of a table."""
_SHOWN = 10
"""Flips, failures and problems that are shown; how many more there are is said."""
_JUDGEMENTS = 6
"""Judgements that are shown of a requirement, the worst."""
_CUT = "*This report is cut: it would not fit into a comment. The other formats have all of it.*"
_LINK = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&+,;=%-]+")
_NAME = 80
_SENTENCE = 500


def write(result: GateResult) -> str:
    """The report. Of what is too much for a comment it has the beginning, and says so."""
    size, kept = len(_CUT) + 4, list[str]()
    for block in _blocks(result):
        size += len(block) + 2
        if size > LONGEST:
            kept.append(_CUT)
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(result: GateResult) -> Iterator[str]:
    """The report's parts, the most important first, each whole in itself."""
    verdict = result.verdict
    yield f"## {GLYPHS[verdict]} {verdict}: {_code(result.policy)}, gate {_code(result.gate)}"
    said = headline(result)
    yield f"{said[:1].upper()}{said[1:]}."
    if result.problems:
        problems = [f"**{_prose(code_name(one))}** {_prose(text)}" for one, text in result.problems]
        yield _listed(problems, _SHOWN, "problem")
    if result.requirements:
        yield _requirements(result)
    if verdict != "pass" and result.runbook:
        yield f"**Runbook:** {_link(result.runbook)}"
    for requirement in result.requirements:
        if requirement.verdict != "pass":
            yield _against(result, requirement)
    if result.baseline is not None:
        yield _flips(result)
    if result.failures:
        yield _failures(result)
    yield _provenance(result)


def _requirements(result: GateResult) -> str:
    head = tuple(f" {one}" if one in ("value", "limit", "n", "unknown") else one for one in COLUMNS)
    rows = [_row(one) for one in result.requirements[:_ROWS]]
    hidden = len(result.requirements) - _ROWS
    more = f"\n\nand {plural(hidden, 'requirement')} more" if hidden > 0 else ""
    return table(head, rows) + more


def _row(requirement: Requirement) -> tuple[str, ...]:
    glyph, text, *numbers, verdict = cells(requirement)
    shown = _prose(verdict)
    return glyph, _code(text), *map(_prose, numbers), f"**{shown}**" if glyph != "✓" else shown


def _against(result: GateResult, requirement: Requirement) -> str:
    place = ""
    if requirement.line and result.policy_path:
        place = f" ({_code(f'{result.policy_path}:{requirement.line}')})"
    about = f": {_prose(requirement.about)}" if requirement.about else ""
    title = f"**{_code(requirement.text)}**{place}{about}"
    judgements = [_judgement(one) for one in not_met(requirement)]
    return f"{title}\n\n{_listed(judgements, _JUDGEMENTS, 'slice')}"


def _judgement(one: Judgement) -> str:
    parts = [f"{GLYPHS[one.verdict]} {_code(str(one.slice)) if one.slice.of else 'all'}:"]
    parts += [_prose(one.reason), settling(one)]
    if one.code:
        parts.append(f"({_prose(code_name(one.code))})")
    if one.cases:
        more = ", …" if len(one.cases) > 5 else ""
        parts.append(f"Cases: {', '.join(map(_code, one.cases[:5]))}{more}")
    return " ".join(part for part in parts if part)


def _flips(result: GateResult) -> str:
    if result.paired is None:
        return "The baseline has other cases, so none are paired."
    worse, better, neither = flip_counts(result)
    summary = (
        f"{plural(result.paired, 'case')} paired with the baseline: {worse:,} worse, {better:,} better,"
        f" {neither:,} decided otherwise"
    )
    if not result.flips:
        return f"{summary}."
    rows = [_flip(one) for one in ordered_flips(result)[:_SHOWN]]
    hidden = len(result.flips) - len(rows)
    more = f"\n\nand {plural(hidden, 'case')} more" if hidden > 0 else ""
    return folded(summary, table(("case", "before", "now", "worse by", "better by"), rows) + more)


def _flip(one: Flip) -> tuple[str, ...]:
    before, after = (
        f"{_prose(action)}{f' by {_code(rule)}' if rule else ''}"
        for action, rule in ((one.before, one.rule_before), (one.after, one.rule_after))
    )
    by = (", ".join(map(_code, names[:5])) for names in (one.worse, one.better))
    return _code(one.case), before, after, *by


def _failures(result: GateResult) -> str:
    overall, *slices = result.failures
    names = sorted(overall.failures, key=lambda name: -overall.failures[name])[:_SHOWN]
    if not names:
        return "No record counts as a failure."
    rows = [_failure(name, overall, slices) for name in names]
    head = ("failure", " records", " share", "most often in", " share there")
    return folded("Failure modes", table(head, rows))


def _failure(name: str, overall: FailureCount, slices: list[FailureCount]) -> tuple[str, ...]:
    def share(one: FailureCount) -> float:
        return one.failures.get(name, 0) / one.records if one.records else 0.0

    worst = max(slices, key=share, default=None)
    where = ("", "") if worst is None else (_code(str(worst.slice)), _percent(share(worst)))
    return _code(name), f"{overall.failures[name]:,}", _percent(share(overall)), *where


def _percent(share: float) -> str:
    return f"{rounded(100 * share, 3)} %"


def _provenance(result: GateResult) -> str:
    facts = [
        ("policy", _code(result.policy_path or result.policy)),
        ("digest", _code(result.digest)),
        ("owner", _code(result.owner or "")),
        ("results", ", ".join(map(_code, result.results[:_SHOWN]))),
        ("baseline", _code(result.baseline or "")),
        ("changed since the baseline", _prose(changes(result.changes))),
        ("engine", _code(result.engine)),
        ("not checked whether every case was run", _code(result.unchecked)),
        ("evaluated by Python", plural(len(result.fallbacks), "part") if result.fallbacks else ""),
        ("demur", _code(version())),
    ]
    unknown = [
        f"{_code(name)} {count:,}{why_unknown(result, name)}"
        for name, count in [*result.unknown_signals.items()][:_SHOWN]
    ]
    facts.insert(7, ("unknown signals", ", ".join(unknown)))
    return folded("Provenance", "\n".join(f"- {name}: {one}" for name, one in facts if one))


def _listed(items: list[str], most: int, noun: str) -> str:
    more = len(items) - most
    shown = items[:most] + ([f"… and {plural(more, noun)} more"] if more > 0 else [])
    return "\n".join(f"- {one}" for one in shown)


def _link(runbook: str) -> str:
    return f"<{runbook}>" if _LINK.fullmatch(runbook) else _code(runbook)


def _code(text: str) -> str:
    return code(short(text, _NAME)) if text else ""


def _prose(text: str) -> str:
    return prose(short(text, _SENTENCE))
