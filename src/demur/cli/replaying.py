"""`demur decide --replay`: a journal decided again, and where that comes out otherwise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import BinaryIO

from demur.cli import output
from demur.cli.progress import Progress
from demur.cli.status import COULD_NOT_RUN, FAIL, INCONCLUSIVE, PASS, CouldNotRun
from demur.interop.json import json_line
from demur.report import plural, printable
from demur.runtime.evaluator import Evaluator
from demur.service.journal.fields import DECISION
from demur.service.journal.reading import Damage, UnreadableJournal, lost, read_journal
from demur.service.journal.replay import Replay, Replayed

_SHOWN = 20
"""Unreadable lines that are shown; the rest are counted."""


def replay(
    evaluator: Evaluator,
    folder: Path,
    stream: BinaryIO,
    *,
    any_digest: bool,
    as_json: bool,
    shows_progress: bool,
) -> int:
    """Writes what does not come out the same, and then on standard error how many did; the status.

    Raises `CouldNotRun` for what is no journal.
    """
    counts: Counter[str] = Counter()
    signals: Counter[str] = Counter()
    progress = Progress("replayed", shown=shows_progress)
    again = Replay(evaluator, any_digest=any_digest)
    try:
        for number, one in enumerate(read_journal(folder), 1):
            progress.advance(number)
            if isinstance(one, Damage):
                counts["cut" if one.is_cut else "unreadable"] += 1
                if not one.is_cut and counts["unreadable"] <= _SHOWN:
                    output.tell(str(one), err=True)
                continue
            counts["lost"] += lost(one)
            if one.kind != DECISION:
                continue
            found = again.decide(one)
            counts[found.verdict] += 1
            signals.update(found.signals)
            if found.verdict in ("different", "withheld"):
                drawn = _data(found) if as_json else _text(found)
                if as_json or found.verdict == "different":
                    stream.write(f"{drawn}\n".encode("utf-8", "backslashreplace"))
    except UnreadableJournal as failure:
        raise CouldNotRun(str(failure)) from None
    finally:
        progress.close()
    for line in _summary(counts, signals, evaluator):
        output.tell(line, err=True)
    return _status(counts)


def _status(counts: Counter[str]) -> int:
    if counts["unreadable"]:
        return COULD_NOT_RUN
    if counts["different"]:
        return FAIL
    # Nothing that was compared is no proof that all came out the same.
    return PASS if counts["same"] else INCONCLUSIVE


def _summary(counts: Counter[str], signals: Counter[str], evaluator: Evaluator) -> list[str]:
    decided = counts["same"] + counts["different"]
    lines = [f"{plural(decided, 'decision')} made again: {counts['different']:,} different."]
    if counts["withheld"]:
        names = ", ".join(f"{name} ({number:,})" for name, number in signals.most_common())
        lines.append(
            f"{counts['withheld']:,} cannot be replayed: personal or inexact signals that their rules "
            f"turn on are not in the journal: {names}."
        )
    if counts["other_policy"]:
        lines.append(
            f"{counts['other_policy']:,} by another policy than {evaluator.digest[:19]}…, not made "
            "again; --any-digest does."
        )
    if counts["lost"]:
        lines.append(f"{plural(counts['lost'], 'line')} never came into the journal.")
    if counts["cut"]:
        lines.append(
            f"{plural(counts['cut'], 'segment')} cut within the last line, or being written."
        )
    if counts["unreadable"]:
        lines.append(f"{plural(counts['unreadable'], 'line')} could not be read.")
    return lines


def _text(found: Replayed) -> str:
    demur = found.line.value["demur"]
    changed = [name for name in found.before if found.before[name] != found.after.get(name)]
    what = "; ".join(
        f"{name} {_shown(found.before[name])} → {_shown(found.after[name])}"
        for name in changed
        if found.after
    )
    other = ", by another policy" if found.is_other_policy else ""
    trace = printable(found.line.trace_id)
    return (
        f"{trace} at {_shown(demur.get('stage'))}{other}: {what or 'the policy has no such stage'}"
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return printable(str(value)) if value != "" else "(none)"


def _data(found: Replayed) -> str:
    demur = found.line.value["demur"]
    return json_line(
        {
            "trace_id": found.line.trace_id,
            "time": found.line.time,
            "stage": demur.get("stage"),
            "verdict": found.verdict,
            "before": found.before,
            "after": found.after or None,
            "signals": list(found.signals),
            "digest": demur.get("digest"),
            "other_policy": found.is_other_policy,
        }
    ).removesuffix("\n")
