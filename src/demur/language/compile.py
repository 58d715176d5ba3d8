"""A policy file to a compiled policy: read → include → validate → check → lower."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from demur.diagnostics import Diagnostic, InvalidSource, Severity, in_file_order
from demur.functions import families
from demur.language.check import check
from demur.language.checked import CheckedPolicy, CheckedResponse, CheckedRule
from demur.language.include import resolve_includes
from demur.language.limiting import Limits
from demur.language.loading import load_document
from demur.language.lower import Pass, is_constant, lowered, lowered_definition, shared
from demur.language.nodes import MappingNode
from demur.language.salvage import salvaged
from demur.language.shapes import default_of
from demur.language.source import ReadSource, Source, read_source
from demur.policy import ParameterValue, Policy, Response, Rule, Shape
from demur.runtime.bundle import digest
from demur.runtime.encoding import write_expression
from demur.tree import Call, Expression, Reference, Signal, walk


def compile_file(path: str | PathLike[str], read: ReadSource = read_source) -> tuple[Policy, str]:
    """The compiled policy of a file, and its digest. `read` reads it and each file that it includes.

    Raises `InvalidSource` with every error of the file, OSError where it cannot be read.
    """
    _, checked, diagnostics = check_file(Path(path), str(path), read)
    errors = tuple(one for one in diagnostics if one.severity is Severity.ERROR)
    if errors or checked is None:
        raise InvalidSource(errors)
    policy = assemble(checked)
    return policy, digest(policy)


def check_file(
    path: Path, shown: str, read: ReadSource = read_source
) -> tuple[Source, CheckedPolicy | None, tuple[Diagnostic, ...]]:
    """The file as read, as checked, and every diagnostic; not checked where its structure is wrong."""
    return check_source(read(path, shown), path.parent, read)


def check_source(
    source: Source, folder: Path, read: ReadSource = read_source
) -> tuple[Source, CheckedPolicy | None, tuple[Diagnostic, ...]]:
    """As `check_file`, for a file that was read already and includes from `folder`."""
    diagnostics = list(source.diagnostics)
    merged, problems = resolve_includes(source, folder, read)
    diagnostics.extend(problems)
    document, problems = load_document(merged)
    diagnostics.extend(problems)
    if not isinstance(merged.root, MappingNode):
        return source, None, in_file_order(diagnostics)
    if document is None:
        rest = salvaged(merged.root, problems)
        if rest is not None:
            _, problems = check(merged, rest.root, rest.document, rest.wrong)
            diagnostics.extend(filter(rest.still_holds, problems))
        return source, None, in_file_order(diagnostics)
    checked, problems = check(merged, merged.root, document)
    diagnostics.extend(problems)
    return source, checked, in_file_order(diagnostics)


def assemble(checked: CheckedPolicy) -> Policy:
    """The compiled policy of a checked file without errors."""
    document = checked.document
    limits = limits_of(checked)
    definitions, constants = _definitions(checked, limits)

    def low(tree: Expression) -> Expression:
        return lowered(tree, constants, limits)

    derived = {
        signal: lowered_definition(one.tree, constants, limits)
        for signal, one in checked.derived.items()
    }
    fallback = checked.on_unknown or CheckedResponse(("on_unknown",), "abstain")
    conditions = {str(rule.path): low(_condition(rule)) for rule in checked.rules}
    definitions, conditions = shared(definitions, conditions)
    stages = list(document.stages)
    stage_of: dict[str, int] = {}
    for name, tree in definitions.items():
        stage_of[name] = _last_stage(tree, stages, stage_of)
    return Policy(
        language=1,
        name=document.policy,
        version=document.version,
        about=document.about,
        owner=document.owner,
        runbook=document.runbook,
        stages=_marked(checked),
        outcome=checked.surroundings.outcome,
        parameters={
            name: ParameterValue(one.type, default_of(one), one.min, one.max)
            for name, one in document.params.items()
        },
        definitions=definitions,
        failures={
            name: one.model_dump(exclude_none=True) for name, one in document.failures.items()
        },
        rules=tuple(
            Rule(
                rule.name,
                rule.section,
                _last_stage(conditions[str(rule.path)], stages, stage_of),
                conditions[str(rule.path)],
                _response(rule.response, low),
                _on_unknown(rule, fallback, low),
            )
            for rule in checked.rules
        ),
        evaluation=_evaluation(checked, low),
        derived=derived,
        requires=_requires(checked),
    )


def _marked(checked: CheckedPolicy) -> dict[str, dict[str, Shape]]:
    """The signals' shapes; a derived one that may repeat personal data is personal too."""
    origin = checked.personal_by_origin
    return {
        stage: {
            name: shape.as_personal() if (stage, name) in origin else shape
            for name, shape in shapes.items()
        }
        for stage, shapes in checked.surroundings.stages.items()
    }


def _requires(checked: CheckedPolicy) -> tuple[str, ...]:
    """The functions of others that any expression of the file calls, by their entry points' names."""
    called = {
        identifier.rpartition(".")[0]
        for one in (*checked.expressions(), *(t.limit for t in checked.thresholds))
        for node in walk(one.tree)
        if isinstance(node, Call)
        for identifier in node.function.split("|")
    }
    return tuple(sorted(called - families().keys()))


def limits_of(checked: CheckedPolicy) -> Limits:
    """The limits that the policy sets, or those that hold by default."""
    surroundings, given = checked.surroundings, checked.document.limits
    stages = {**surroundings.stages, "outcome": surroundings.outcome}
    return Limits(stages, given.value, given.steps)


def _definitions(
    checked: CheckedPolicy, limits: Limits
) -> tuple[dict[str, Expression], dict[str, Expression]]:
    """The lowered definitions that are computed, and those that are constants."""
    computed: dict[str, Expression] = {}
    constants: dict[str, Expression] = {}
    for name, one in checked.definitions.items():
        tree = lowered_definition(one.tree, constants, limits)
        limits.define(name, tree)
        (constants if is_constant(tree) else computed)[name] = tree
    return computed, constants


def _condition(rule: CheckedRule) -> Expression:
    tree = rule.condition.tree
    return Call("logic.not", (tree,), "bool", tree.span) if rule.negated else tree


def _last_stage(tree: Expression, stages: list[str], definitions: Mapping[str, int]) -> int:
    """The index of the last stage that the expression reads; 0 for one that reads none."""
    last = 0
    for node in walk(tree):
        if isinstance(node, Signal):
            last = max(last, stages.index(node.stage))
        elif isinstance(node, Reference):
            last = max(last, definitions.get(node.name, 0))
    return last


def _response(response: CheckedResponse, low: Pass) -> Response:
    def compiled(parts: tuple[str | Expression, ...]) -> tuple[str | Expression, ...]:
        return tuple(part if isinstance(part, str) else low(part) for part in parts)

    return Response(
        response.action,
        response.failure,
        compiled(response.say.compiled()) if response.say else (),
        compiled(response.why.compiled()) if response.why else (),
    )


def _on_unknown(rule: CheckedRule, fallback: CheckedResponse, low: Pass) -> Response | None:
    own = rule.on_unknown
    if own == "ignore":
        return None
    if not isinstance(own, CheckedResponse):
        return _response(fallback, low)
    merged = CheckedResponse(
        own.path,
        own.action,
        own.failure or fallback.failure,
        own.say or fallback.say,
        own.why or fallback.why,
    )
    return _response(merged, low)


def _evaluation(checked: CheckedPolicy, low: Pass) -> dict[str, Any]:
    """The sections that are judged over many records, as JSON data with typed expressions."""
    document = checked.document

    def written(tree: Expression) -> list[Any]:
        return write_expression(low(tree))

    thresholds = [
        {
            "path": list(one.path),
            "metric": one.metric,
            "operator": one.operator,
            "limit": written(one.limit.tree),
            "baseline": one.uses_baseline,
        }
        for one in checked.thresholds
    ]
    settings = document.model_dump(
        mode="json",
        exclude_none=True,
        include={"metrics", "suites", "gates", "alerts", "invariants"},
    )
    return {
        "settings": settings,
        "metrics": {name: written(one.tree) for name, one in checked.metrics.items()},
        "thresholds": thresholds,
        "invariants": {
            name: {"kind": one.path[-1], "condition": written(one.tree)}
            for name, one in checked.invariants.items()
        },
    }
