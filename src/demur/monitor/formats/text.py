"""For people at a terminal: a line for each alert that has something to say, and why.

The text is coloured; whoever writes it to something other than a terminal takes the colours out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from click import style, unstyle

from demur.monitor.report import moment
from demur.monitor.run import Evaluation, Status, verdict
from demur.report import plural, printable
from demur.runtime.evaluator import Evaluator

_COLOURS = {"firing": "red", "pending": "yellow", "error": "magenta", "resolved": "green"}
_MARKS = {"firing": "✕", "pending": "…", "error": "!", "resolved": "✓", "no data": "?"}


def write(evaluation: Evaluation, evaluator: Evaluator) -> str:
    """The evaluation; alerts of which all is well are only counted."""
    news = [one for one in evaluation.statuses if one.is_news]
    lines = [_head(evaluation, evaluator, news)]
    width = max((len(word(one)) for one in news), default=0)
    for one in news:
        lines += _alert(one, width)
    lines += _notes(evaluation)
    return "\n".join(lines) + "\n"


def word(status: Status) -> str:
    """What has become of the alert, in a word."""
    if status.has_ended:
        return "resolved"
    if status.state.state != "inactive":
        return status.state.state
    return status.found


def _head(evaluation: Evaluation, evaluator: Evaluator, news: Sequence[Status]) -> str:
    firing = sum(one.is_firing for one in evaluation.statuses)
    quiet = len(evaluation.statuses) - len(news)
    colour = {"pass": "green", "fail": "red", "error": "magenta"}.get(verdict(evaluation), "yellow")
    said = f"{plural(firing, 'alert')} firing" if firing else "no alert fires"
    return (
        style(f"{moment(evaluation.at)}  {printable(evaluator.name)}: {said}", fg=colour, bold=True)
        + f", {quiet:,} of {plural(len(evaluation.statuses), 'alert')} quiet"
        + f", over {plural(evaluation.records, 'record')}"
    )


def _alert(status: Status, width: int) -> Iterator[str]:
    alert, name = status.alert, word(status)
    where = "" if status.slice == "all" else f" ({printable(status.slice)})"
    burn = f" {alert.burn}" if alert.burn else ""
    mark = style(_MARKS.get(name, " "), fg=_COLOURS.get(name))
    label = style(name, fg=_COLOURS.get(name))
    padding = " " * (width - len(unstyle(label)))
    since = "" if status.started is None else f"  since {moment(status.started)}"
    yield f"{mark} {label}{padding}  {printable(alert.name)}{burn}{where}  {alert.severity}{since}"
    if status.found == "error" and name != "error":
        yield "    could not be evaluated just now"
    if status.found == "no data" and name != "no data":
        yield "    has no data"
    if status.finding is not None:
        yield f"    {printable(alert.conditions[0].threshold.text)}: {printable(status.finding.reason)}"
        cases = status.finding.judgements[0].cases
        if cases and status.found == "holds":
            yield f"    traces: {', '.join(map(printable, cases[:5]))}"
    if status.is_firing and alert.runbook:
        yield f"    runbook: {printable(alert.runbook)}; owner: {printable(alert.owner)}"


def _notes(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.untimed:
        yield f"{plural(evaluation.untimed, 'record')} in no window: their time is not known."
    if evaluation.ahead:
        yield f"{plural(evaluation.ahead, 'record')} of later times, not looked at yet."
    if evaluation.late:
        yield f"{plural(evaluation.late, 'record')} came late; `--delay` waits for such."
    if evaluation.unreadable:
        lines = plural(evaluation.unreadable, "line")
        yield f"DM957: {lines} of these windows cannot be read: what they hide is not known to be good."
