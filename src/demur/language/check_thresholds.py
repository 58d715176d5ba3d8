"""A requirement or an alert's condition: a metric compared with a bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from demur.cel import syntax
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.cel.problems import ExpressionError
from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.checked import CheckedThreshold
from demur.language.document import PolicyDocument
from demur.language.expressions import CheckedExpression, Path, placed, reads_wrong
from demur.language.nodes import ScalarNode
from demur.language.requirement_advice import equality_meant, requirement_meant
from demur.language.surroundings import Surroundings
from demur.language.written import changed_by_yaml
from demur.runtime.aggregates import is_drift
from demur.suggestions import meant_or_declared
from demur.tree import Variable, walk
from demur.types import BOOL, DOUBLE, Type

Diagnostics = list[Diagnostic]

_COMPARISONS = {"_<_": "<", "_<=_": "<=", "_>_": ">", "_>=_": ">="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def checked_threshold(
    path: Path,
    scalar: ScalarNode,
    owner: str,
    surroundings: Surroundings,
    document: PolicyDocument,
    metrics: Mapping[str, CheckedExpression],
    diagnostics: Diagnostics,
) -> Iterator[CheckedThreshold]:
    """A metric compared with a bound; whole numbers in it are doubles."""
    text = scalar.text
    changed = changed_by_yaml(scalar, text, 0)
    if changed:
        diagnostics.extend(changed)
        return
    try:
        node = _with_doubles(parse(text))
    except ExpressionError as error:
        text = equality_meant(scalar.text)
        if text is None:
            diagnostics.extend(placed(problem, scalar) for problem in error.problems)
            return
        node = parse(text)
    sides = node.arguments if isinstance(node, syntax.Call) else ()
    operator = _COMPARISONS.get(node.function) if isinstance(node, syntax.Call) else None
    if operator is None or len(sides) != 2:
        message = "A requirement is a metric, `<`, `<=`, `>` or `>=`, and a bound."
        instead = requirement_meant(
            text, node, metrics, document, surroundings, for_alert=path[0] == "alerts"
        )
        diagnostics.append(finding("DM407", message, scalar.span, instead))
        return
    metric, limit = sides
    if _metric_name(metric) is None and _metric_name(limit) is not None:
        metric, limit, operator = limit, metric, _TURNED[operator]
    environment = surroundings.for_thresholds(_metric_types(metrics))
    name = _metric_name(metric)
    if name is None or name not in metrics:
        if name not in surroundings.wrong and name not in document.metrics:
            diagnostics.append(_no_metric(name, metric, scalar, metrics))
        return
    bound = _typed(path, scalar, limit, environment, DOUBLE, diagnostics)
    whole = _typed(path, scalar, node, environment, BOOL, diagnostics)
    if bound is None or whole is None:
        return
    others = sorted(
        part.name
        for part in walk(bound.tree)
        if isinstance(part, Variable) and part.name != "baseline"
    )
    if others:
        message = f"The bound reads the metric `{others[0]}`; a bound is a number or `baseline`."
        advice = "Make a metric of the difference or ratio, and bound that."
        diagnostics.append(finding("DM407", message, bound.span, advice))
        return
    reads_baseline = any(isinstance(part, Variable) for part in walk(bound.tree))
    drifts = is_drift(metrics[name].tree)
    if drifts and reads_baseline:
        message = f"`{name}` is a distance from the baseline already, which has none of its own."
        advice = f"Bound it by a number: `{name} {operator} 0.1`."
        diagnostics.append(finding("DM408", message, bound.span, advice))
        return
    uses_baseline = reads_baseline or drifts
    yield CheckedThreshold(path, owner, name, operator, whole, bound, uses_baseline)


def _no_metric(
    name: str | None,
    node: syntax.Node,
    scalar: ScalarNode,
    metrics: Mapping[str, CheckedExpression],
) -> Diagnostic:
    """What is wrong with the left side of a comparison that is no metric."""
    span = scalar.span_of(*node.span)
    if name == "baseline":
        message = "`baseline` is the same metric of another run, so it needs a metric beside it."
        instead = f"Write `{next(iter(metrics), 'metric')} <= baseline`."
        return finding("DM408", message, span, instead)
    if name is None:
        start, end = node.span
        instead = f"Give `{scalar.text[start:end]}` a name in `metrics`, and compare that."
        return finding("DM407", "The left side is no metric.", span, instead)
    instead = meant_or_declared(name, metrics, "metrics")
    return finding("DM401", f"There is no metric `{name}`.", span, instead)


def _metric_types(metrics: Mapping[str, CheckedExpression]) -> dict[str, Type]:
    return dict.fromkeys(metrics, DOUBLE)


def _metric_name(node: syntax.Node) -> str | None:
    return node.name if isinstance(node, syntax.Identifier) else None


def _typed(
    path: Path,
    scalar: ScalarNode,
    node: syntax.Node,
    environment: Environment,
    expected: Type,
    diagnostics: Diagnostics,
) -> CheckedExpression | None:
    try:
        tree, type = check(scalar.text, node, environment, expected)
    except ExpressionError as error:
        found = [placed(problem, scalar) for problem in error.problems]
        diagnostics.extend(one for one in found if one not in diagnostics)
        return None
    if reads_wrong(tree, environment):
        return None
    return CheckedExpression(path, scalar, node, tree, type)


def _with_doubles(node: syntax.Node) -> syntax.Node:
    """The expression with its whole numbers as doubles: metrics and bounds are doubles."""
    match node:
        case syntax.Literal(kind="int", value=int(value)):
            return replace(node, kind="double", value=float(value))
        case syntax.Call(arguments=arguments):
            return replace(node, arguments=tuple(map(_with_doubles, arguments)))
        case _:
            return node
