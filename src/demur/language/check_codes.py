"""The codes of cross references and of what sections must agree on."""

from __future__ import annotations

from demur.diagnostics import Diagnostic, Severity, Span

CHECK_CODES: dict[str, tuple[str, str, str]] = {
    "DM401": (
        "unknown-reference",
        "A name refers to nothing",
        "Gates name metrics and suites, rules name failures, slices name signals. "
        "Wrong: `failure: retreival_miss`. Right: `failure: retrieval_miss`, declared in `failures`.",
    ),
    "DM402": (
        "outcome-in-rule",
        "A rule reads the outcome",
        "`outcome` holds labels and feedback, which are known only afterwards; a decision is made "
        "before. Read it in `metrics`.",
    ),
    "DM403": (
        "decision-in-rule",
        "A rule reads the decision",
        "Rules make the decision, so none can read it. Read it in `metrics` or `invariants`.",
    ),
    "DM404": (
        "circular-definition",
        "A definition or a derived signal needs itself",
        "Definitions may use each other in any order, and so may derived signals, but not in a circle.",
    ),
    "DM405": (
        "row-outside-aggregate",
        "A metric reads a single record",
        "A metric is one number over many records. Wrong: `latency: answer.latency_ms`. "
        "Right: `latency: mean(answer.latency_ms)`.",
    ),
    "DM406": (
        "nested-aggregate",
        "An aggregate stands within another",
        "An aggregate takes a value of each record. Wrong: `mean(rate(decision.answered))`.",
    ),
    "DM407": (
        "not-a-threshold",
        "A requirement compares no metric",
        "A requirement is a metric, a comparison and a bound. Wrong: `0.5 < 1.0`, `answer_rate`. "
        "Right: `answer_rate >= 0.8`.",
    ),
    "DM408": (
        "nothing-to-compare",
        "`baseline` has nothing to be compared with",
        "In a gate `baseline` is the metric of the run given as baseline; in an alert it is the "
        "metric over `against`. Wrong: an alert `when: miss_rate > baseline * 2` without `against`.",
    ),
    "DM409": (
        "gate-checks-nothing",
        "A gate or suite has nothing to check",
        "Nothing ran is never a pass: a gate needs suites and requirements, a suite needs cases.",
    ),
    "DM410": (
        "nobody-to-alert",
        "An alert has no owner or no runbook",
        "Whoever is woken must know why and what to do. Give the policy or the alert an `owner` "
        "and a `runbook`.",
    ),
    "DM411": (
        "cannot-slice",
        "`by` names what cannot be sliced by",
        "Slices are by strings, bools, ints or lists of them. Wrong: `by: [answer.confidence]`.",
    ),
    "DM413": (
        "no-scope-condition",
        "`scope` has no condition",
        "A scope names the conditions that must hold; `otherwise` says what follows if one does not.",
    ),
    "DM414": (
        "metric-without-records",
        "No record can feed the metric",
        "A metric that reads no signal, decision or outcome is the same number whatever happens.",
    ),
    "DM415": (
        "quantile-share",
        "A quantile's share is no number from 0 to 1",
        "`quantile(x, 0.95)` is the value that 95 % of the records do not exceed. The share is the "
        "same for every record: a constant, or a parameter.",
    ),
    "DM416": (
        "reserved-stage",
        "A stage has the name of something else in a record",
        "Records have `id`, `trace_id`, `span_id`, `time`, `demur`, `run`, `error`, `decision` and `outcome` "
        "beside their stages, and the journal and `demur run` write them. Wrong: `stages: {time: …}`. "
        "Right: `stages: {timing: …}`.",
    ),
    "DM417": (
        "derived-too-early",
        "A derived signal reads what is known only later",
        "A derived signal is computed at its stage, from signals of this stage and of those before it. "
        "Declare it at the latest stage that it reads. Wrong: `retrieval: {grounded: {type: double, "
        'derive: "supported_words(answer.text, …)"}}`. Right: the same under `answer`.',
    ),
    "DM418": (
        "derived-outcome",
        "The outcome cannot be derived",
        "Derived signals are computed when a decision is made, and the outcome is what turns out "
        "afterwards. Declare the signal at a stage.",
    ),
    "DM421": (
        "drift-within-arithmetic",
        "Drift is a part of other arithmetic",
        "`drift`, `psi`, `jensen_shannon` and `kolmogorov_smirnov` compare two runs, while other "
        "aggregates are of one. Wrong: `drift(request.tokens) * 2`. Right: the metric "
        "`drift(request.tokens)`, with half the bound.",
    ),
    "DM425": (
        "cannot-measure",
        "A suite measures what is no signal for it",
        "`measure` puts how long the system took into a number that the system gives: an int or double "
        "of a stage after the first, in `ms` (or no unit) or `s`. Wrong: "
        "`measure: {answer.text: latency}`. Right: `measure: {answer.latency_ms: latency}`.",
    ),
    "DM428": (
        "not-known-yet",
        "A message reads what is not known yet",
        "A rule is asked at the stage of the last signal that its condition reads, and may end the request "
        "there. What later stages bring is then not known, so its `say` and `why` cannot tell it. The "
        "policy's `on_unknown` speaks for rules of every stage. Wrong: `when: request.age < 18` with "
        '`say: "… {{answer.text}}"`. Right: a message of signals of the rule\'s own stage or before.',
    ),
    "DM429": (
        "not-a-stage",
        "`reached` names no stage",
        "`reached` asks whether a record came to one of the policy's stages, which is named by a constant. "
        'Wrong: `rate(reached(request.topic))`. Right: `rate(reached("answer"))`.',
    ),
    "DM430": (
        "too-much-put-in",
        "An expression is too large once the definitions that it reads are put in",
        "A definition that reads another twice is twice as large, and sixty such definitions in a row are "
        "larger than any machine. An expression has at most 10,000 operations, names and values with its "
        "definitions put in, nested 160 deep, and all expressions of a file together 1,000,000. Wrong: "
        "`d1: d0 + d0`, `d2: d1 + d1`, and so on. Right: `d2: d0 * 4`.",
    ),
}
"""Name, title, and an explanation for the reference."""


def finding(code: str, message: str, span: Span, help: str | None = None) -> Diagnostic:
    """A diagnostic of one of these codes."""
    return Diagnostic(code, CHECK_CODES[code][0], Severity.ERROR, message, span, help)
