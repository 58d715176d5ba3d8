"""The page's sections of what is measured: metrics, what must hold to ship, and who is woken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demur.cel.unparse import unparse
from demur.export.docs.markdown import bullets, code, prose, sentence
from demur.export.docs.subject import Subject
from demur.export.docs.words import named, words
from demur.interop.runbooks import resolved
from demur.language.checked import CheckedThreshold
from demur.language.document_of_evaluation import Alert, Gate, MetricSpec, Requirement
from demur.measure.thresholds import DEFAULT_MIN_SAMPLES
from demur.monitor.alerts import BURN_RATES, SHORT
from demur.monitor.windows import seconds, text

WOKEN = {
    "page": "someone is woken at once",
    "ticket": "a ticket is opened",
    "info": "it is only noted",
}
"""What each severity of an alert means, in words."""
SILENCE = {
    "fire": "No records at all count as trouble.",
    "keep": "No records at all change nothing.",
    "ok": "No records at all count as well.",
}


def blocks(subject: Subject) -> Iterator[str]:
    """The sections, those that the policy has."""
    yield from _metrics(subject)
    yield from _gates(subject)
    yield from _alerts(subject)


def _metrics(subject: Subject) -> Iterator[str]:
    if not subject.document.metrics:
        return
    yield "## What is measured"
    yield bullets(
        f"**{prose(named(name))}**: {prose(words(one.tree, subject.parameters))}. "
        f"As written: {code(unparse(one.syntax))}{_about(subject.document.metrics[name])}"
        for name, one in subject.checked.metrics.items()
    )


def _about(metric: str | MetricSpec) -> str:
    return f" {sentence(metric.about)}" if not isinstance(metric, str) and metric.about else ""


def _gates(subject: Subject) -> Iterator[str]:
    gates = subject.document.gates
    if not gates:
        return
    yield "## What must hold before it ships"
    yield (
        "A record of which something is unknown counts as the worst. With a confidence, chance must "
        "not explain the result."
    )
    for name, gate in gates.items():
        yield f"### Gate {prose(name)}"
        if gate.about:
            yield f"**What it guards:** {sentence(gate.about)}"
        files = ", ".join(code(one) for one in gate.suites)
        yield f"Judged on the suites {files}. All of these must hold:"
        thresholds = [one for one in subject.checked.thresholds if one.path[:2] == ("gates", name)]
        yield bullets(_requirement(subject, gate, one) for one in thresholds)
        link = resolved(gate.runbook, subject.document.runbook)
        if link:
            yield f"If it fails: {code(link)}"


def _requirement(subject: Subject, gate: Gate, threshold: CheckedThreshold) -> str:
    written = gate.require[int(threshold.path[3])]
    own = written if isinstance(written, Requirement) else None
    confidence = (own and own.confidence) or gate.confidence
    least = (own and own.min_samples) or gate.min_samples or DEFAULT_MIN_SAMPLES
    by = own.by if own is not None and own.by is not None else gate.by
    said = [f"**{prose(words(threshold.expression.tree, subject.parameters))}**"]
    said += [f"with {confidence:.4g} confidence"] if confidence else []
    said += [f"over at least {least:,} records"] if least > 1 else []
    said += [_sliced(by)] if by else []
    said += ["a warning only"] if own is not None and own.level == "warn" else []
    return ", ".join(said) + (f". {sentence(own.about)}" if own is not None and own.about else "")


def _sliced(by: Sequence[str]) -> str:
    return f"for all together and for each {' and each '.join(code(one) for one in by)}"


def _alerts(subject: Subject) -> Iterator[str]:
    alerts = subject.document.alerts
    if not alerts:
        return
    yield "## What wakes someone"
    for name, alert in alerts.items():
        yield f"### Alert {prose(name)}"
        if alert.about:
            yield f"**What it means:** {sentence(alert.about)}"
        if alert.slo is not None:
            yield from _objective(alert)
        else:
            yield f"When {_condition(subject, name, alert)}: {WOKEN[alert.severity]}."
        yield bullets(_facts(subject, alert))


def _condition(subject: Subject, name: str, alert: Alert) -> str:
    (threshold,) = (one for one in subject.checked.thresholds if one.path[:2] == ("alerts", name))
    said = [
        f"**{prose(words(threshold.expression.tree, subject.parameters))}** over {alert.window}"
    ]
    if alert.against:
        said.append(f"where the baseline is the {alert.against} before that")
    if alert.confidence:
        said.append(f"with {alert.confidence:.4g} confidence")
    if alert.min_samples and alert.min_samples > 1:
        said.append(f"over at least {alert.min_samples:,} records")
    if alert.by:
        said.append(f"for any {' or any '.join(code(one) for one in alert.by)}")
    if alert.for_:
        said.append(f"and it has held for {alert.for_}")
    return ", ".join(said)


def _objective(alert: Alert) -> Iterator[str]:
    assert alert.slo is not None
    slo = alert.slo
    whole, budget = seconds(slo.window), 1 - slo.objective
    yield (
        f"The objective is that **{prose(named(slo.metric))}** is at most {budget:.4g} over "
        f"{slo.window}. While it is spent too fast:"
    )
    yield bullets(
        f"{one.factor * budget:.4g} or more over {text(whole * one.share_of_window)}, and still over "
        f"the last {text(whole * one.share_of_window / SHORT)}: {WOKEN[one.severity]}"
        for one in BURN_RATES
        if one.factor * budget < 1
    )


def _facts(subject: Subject, alert: Alert) -> Iterator[str]:
    yield f"Who is told: {code(alert.owner or subject.document.owner)}"
    link = resolved(alert.runbook, subject.document.runbook)
    if link:
        yield f"What to do: {code(link)}"
    yield SILENCE[alert.no_data]
