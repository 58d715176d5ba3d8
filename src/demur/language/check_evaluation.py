"""Checks of what is judged over many records: metrics, suites, gates, alerts, invariants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.check_thresholds import checked_threshold
from demur.language.checked import CheckedThreshold
from demur.language.document import PolicyDocument
from demur.language.expressions import (
    CheckedExpression,
    Path,
    checked_expression,
)
from demur.language.nodes import Entry, MappingNode, Node, ScalarNode, SequenceNode
from demur.language.surroundings import DECISION, Surroundings
from demur.policy import Shape
from demur.runtime.aggregates import REACHED, is_drift
from demur.suggestions import listed, meant_or_declared, meant_or_listed
from demur.tree import (
    Call,
    Constant,
    Expression,
    Parameter,
    Signal,
    Variable,
    children,
    walk,
)
from demur.types import BOOL, DOUBLE

Diagnostics = list[Diagnostic]


def _entries(root: MappingNode, section: str) -> tuple[Entry, ...]:
    node = root.get(section)
    return node.entries if isinstance(node, MappingNode) else ()


def check_metrics(
    root: MappingNode, surroundings: Surroundings, diagnostics: Diagnostics
) -> dict[str, CheckedExpression]:
    """The metrics: numbers made of aggregates over records."""
    environment = surroundings.for_metrics
    metrics: dict[str, CheckedExpression] = {}
    for entry in _entries(root, "metrics"):
        path: Path = ("metrics", entry.key.text)
        scalar: Node | None = entry.value
        if isinstance(scalar, MappingNode):
            path, scalar = (*path, "value"), scalar.get("value")
        if not isinstance(scalar, ScalarNode):
            continue
        checked, problems = checked_expression(path, scalar, environment, DOUBLE)
        diagnostics.extend(problems)
        if checked is None:
            continue
        _name_stages(checked, surroundings, diagnostics)
        if _aggregates_records(checked, diagnostics):
            metrics[entry.key.text] = checked
    return metrics


def _name_stages(
    metric: CheckedExpression, surroundings: Surroundings, diagnostics: Diagnostics
) -> None:
    """Reports each `reached` that names none of the policy's stages."""
    for node in walk(metric.tree):
        if not isinstance(node, Call) or node.function != REACHED:
            continue
        (stage,) = node.arguments
        if isinstance(stage, Constant) and stage.value in surroundings.stages:
            continue
        message = "`reached` takes the name of a stage, in quotation marks."
        advice = listed(surroundings.stages, "stages")
        if isinstance(stage, Constant):
            message = f"There is no stage `{stage.value}`."
            advice = meant_or_listed(str(stage.value), surroundings.stages, "stages")
        diagnostics.append(finding("DM429", message, metric.span_of(stage), advice))


def _is_aggregate(node: Expression) -> bool:
    return isinstance(node, Call) and node.function.startswith("aggregates.")


def _reads_a_record(node: Expression) -> bool:
    if isinstance(node, Call):
        return node.function == REACHED
    return isinstance(node, Signal) or (isinstance(node, Variable) and node.name in DECISION)


def _aggregates_records(metric: CheckedExpression, diagnostics: Diagnostics) -> bool:
    """Reports a record read outside of an aggregate, an aggregate in another, and no aggregate at all."""
    before = len(diagnostics)

    def visit(node: Expression, inside: bool) -> None:
        if _is_aggregate(node):
            if inside:
                message = "An aggregate takes a value of each record, not another aggregate."
                diagnostics.append(finding("DM406", message, metric.span_of(node)))
                return
            inside = True
            _has_a_share(node, metric, diagnostics)
            _stands_alone(node, metric, diagnostics)
        elif not inside and _reads_a_record(node):
            message = "A metric is one number over many records, and this is a value of one."
            advice = "Put it into an aggregate: `mean(…)`, `rate(…)`, `quantile(…, 0.95)`."
            diagnostics.append(finding("DM405", message, metric.span_of(node), advice))
        for child in children(node):
            visit(child, inside)

    visit(metric.tree, False)
    if len(diagnostics) == before and not any(map(_is_aggregate, walk(metric.tree))):
        message = "No record can feed this metric: it has no aggregate."
        diagnostics.append(finding("DM414", message, metric.span))
    return len(diagnostics) == before


def _has_a_share(node: Expression, metric: CheckedExpression, diagnostics: Diagnostics) -> None:
    """Reports a quantile whose share is no constant from 0 to 1, nor a parameter."""
    if not isinstance(node, Call) or not node.function.startswith("aggregates.quantile"):
        return
    share = node.arguments[1]
    if isinstance(share, Parameter) or (isinstance(share, Constant) and 0 <= share.value <= 1):
        return
    message = "A quantile's share is a number from 0 to 1, or a parameter."
    advice = "Write 0.95 for the value that 95 % of the records do not exceed."
    diagnostics.append(finding("DM415", message, metric.span_of(share), advice))


def _stands_alone(node: Expression, metric: CheckedExpression, diagnostics: Diagnostics) -> None:
    """Reports drift that is a part of a greater expression: it has no value of one run."""
    if is_drift(node) and node is not metric.tree:
        message = "Drift is of two runs, so it stands alone and is no part of other arithmetic."
        advice = "Make it a metric of its own, and bound that: `drifted <= 0.1`."
        diagnostics.append(finding("DM421", message, metric.span_of(node), advice))


def check_gates(
    root: MappingNode,
    document: PolicyDocument,
    surroundings: Surroundings,
    metrics: Mapping[str, CheckedExpression],
    diagnostics: Diagnostics,
) -> Iterator[CheckedThreshold]:
    """The gates' requirements; what they refer to must be there."""
    for entry in _entries(root, "gates"):
        if not isinstance(entry.value, MappingNode):
            continue
        gate = entry.value
        path: Path = ("gates", entry.key.text)
        _references(gate.get("suites"), "suite", document.suites, diagnostics)
        _slices(gate.get("by"), surroundings, diagnostics)
        for key, what in (("require", "requirement"), ("suites", "suite")):
            node = gate.get(key)
            if not isinstance(node, SequenceNode) or not node.items:
                message = f"The gate `{entry.key.text}` has no {what}, so it checks nothing."
                span = entry.key.span if node is None else node.span
                diagnostics.append(finding("DM409", message, span, f"Give it a `{key}` list."))
        require = gate.get("require")
        items = require.items if isinstance(require, SequenceNode) else ()
        for at, item in enumerate(items):
            place: Path = (*path, "require", at)
            scalar: Node | None = item
            if isinstance(item, MappingNode):
                _slices(item.get("by"), surroundings, diagnostics)
                place, scalar = (*place, "that"), item.get("that")
            if isinstance(scalar, ScalarNode):
                yield from checked_threshold(
                    place, scalar, entry.key.text, surroundings, document, metrics, diagnostics
                )


def check_alerts(
    root: MappingNode,
    document: PolicyDocument,
    surroundings: Surroundings,
    metrics: Mapping[str, CheckedExpression],
    diagnostics: Diagnostics,
) -> Iterator[CheckedThreshold]:
    """The alerts' conditions; somebody must be woken, and know what to do."""
    for entry in _entries(root, "alerts"):
        if not isinstance(entry.value, MappingNode):
            continue
        alert = entry.value
        path: Path = ("alerts", entry.key.text)
        _slices(alert.get("by"), surroundings, diagnostics)
        for key, has_own in (("owner", document.owner), ("runbook", document.runbook)):
            if not has_own and alert.get(key) is None:
                message = f"The alert `{entry.key.text}` has no {key}."
                advice = f"Give it, or the policy, a `{key}`."
                diagnostics.append(finding("DM410", message, entry.key.span, advice))
        slo = alert.get("slo")
        if isinstance(slo, MappingNode):
            _references(slo.get("metric"), "metric", metrics, diagnostics, known=root)
        when = alert.get("when")
        compares = True
        if isinstance(when, ScalarNode):
            for threshold in checked_threshold(
                (*path, "when"), when, entry.key.text, surroundings, document, metrics, diagnostics
            ):
                if threshold.uses_baseline and alert.get("against") is None:
                    what = "Drift" if is_drift(metrics[threshold.metric].tree) else "`baseline`"
                    message = f"{what} has nothing to be compared with: the alert has no `against`."
                    advice = "Add `against: 7d`, the window that the metric is compared with."
                    diagnostics.append(finding("DM408", message, when.span, advice))
                compares = threshold.uses_baseline
                yield threshold
        against = alert.key("against")
        if isinstance(when, ScalarNode) and against is not None and not compares:
            message = "`against` is not used: the condition does not compare with `baseline`."
            diagnostics.append(finding("DM408", message, against.span))


def check_invariants(
    root: MappingNode, surroundings: Surroundings, diagnostics: Diagnostics
) -> dict[str, CheckedExpression]:
    """The invariants: conditions over signals and the decision."""
    environment = surroundings.for_invariants
    invariants: dict[str, CheckedExpression] = {}
    for entry in _entries(root, "invariants"):
        if not isinstance(entry.value, MappingNode):
            continue
        for key in ("never", "always"):
            scalar = entry.value.get(key)
            if isinstance(scalar, ScalarNode):
                path: Path = ("invariants", entry.key.text, key)
                checked, problems = checked_expression(path, scalar, environment, BOOL)
                diagnostics.extend(problems)
                if checked is not None:
                    invariants[entry.key.text] = checked
    return invariants


def _references(
    node: Node | None,
    what: str,
    declared: Iterable[str],
    diagnostics: Diagnostics,
    known: MappingNode | None = None,
) -> None:
    """Every name in a scalar or list is declared; metrics that are wrong themselves count as such."""
    items = node.items if isinstance(node, SequenceNode) else (node,)
    entries = _entries(known, f"{what}s") if known else ()
    names = list(dict.fromkeys([*declared, *(entry.key.text for entry in entries)]))
    for item in items:
        if isinstance(item, ScalarNode) and item.text not in names:
            advice = meant_or_declared(item.text, names, f"{what}s")
            diagnostics.append(
                finding("DM401", f"There is no {what} `{item.text}`.", item.span, advice)
            )


_SLICEABLE = frozenset(("string", "bool", "int", "uint"))
_DECISION_SLICES = frozenset(
    (
        "decision.action",
        "decision.failure",
        "decision.failures",
        "decision.rule",
        "decision.rules",
        "decision.answered",
        "decision.declined",
        "decision.unknown",
    )
)


def _slices(node: Node | None, surroundings: Surroundings, diagnostics: Diagnostics) -> None:
    """Every name in `by` is a signal, or part of the decision, with values to slice by."""
    if not isinstance(node, SequenceNode):
        return
    signals: dict[str, Shape] = {
        f"{stage}.{name}": shape
        for stage, shapes in {**surroundings.stages, "outcome": surroundings.outcome}.items()
        for name, shape in shapes.items()
    }
    for item in node.items:
        if isinstance(item, ScalarNode):
            for name in (part.strip() for part in item.text.split("*")):
                if name not in surroundings.wrong:
                    _dimension(name, item, signals, diagnostics)


def _dimension(
    name: str, item: ScalarNode, signals: Mapping[str, Shape], diagnostics: Diagnostics
) -> None:
    """One name of an entry of `by`; several, crossed, stand with `*` between them."""
    if name in _DECISION_SLICES:
        return
    shape = signals.get(name)
    if shape is None:
        advice = meant_or_listed(name, [*signals, *sorted(_DECISION_SLICES)], "signals")
        diagnostics.append(finding("DM401", f"There is no signal `{name}`.", item.span, advice))
        return
    inner = shape.of if shape.type == "list" and shape.of is not None else shape
    if inner.type not in _SLICEABLE:
        message = f"`{name}` is {inner.type}, which has no slices."
        advice = "Slice by strings, bools, ints, or lists of them."
        diagnostics.append(finding("DM411", message, item.span, advice))
