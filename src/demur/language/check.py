"""A validated document to a checked policy: every name resolved, every expression typed."""

from __future__ import annotations

from collections.abc import Iterable

from demur.cel.environment import Environment
from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.check_evaluation import (
    check_alerts,
    check_gates,
    check_invariants,
    check_metrics,
)
from demur.language.check_messages import check_messages
from demur.language.check_suites import check_suites
from demur.language.checked import CheckedPolicy, CheckedResponse, CheckedRule
from demur.language.decided import decided_expression, names_in
from demur.language.derived import check_derived
from demur.language.document import PolicyDocument
from demur.language.expressions import (
    CheckedExpression,
    Message,
    Path,
    checked_message,
)
from demur.language.nodes import MappingNode, Node, ScalarNode
from demur.language.ordering import ordered
from demur.language.putting_in import PuttingIn
from demur.language.shapes import shapes_of
from demur.language.source import Source
from demur.language.surroundings import Surroundings
from demur.policy import RECORD_KEYS
from demur.suggestions import meant_or_declared
from demur.types import BOOL, parse_type

Diagnostics = list[Diagnostic]


def check(
    source: Source,
    root: MappingNode,
    document: PolicyDocument,
    wrong: frozenset[str] = frozenset(),
) -> tuple[CheckedPolicy, Diagnostics]:
    """The checked policy and what is wrong with it; parts that are wrong are left out of it.

    What reads a name of `wrong` is left out too, and nothing is said of it.
    """
    diagnostics: Diagnostics = []
    surroundings = Surroundings(
        stages={name: shapes_of(signals) for name, signals in document.stages.items()},
        outcome=shapes_of(document.outcome),
        parameters={name: parse_type(one.type) for name, one in document.params.items()},
        wrong=wrong,
    )
    diagnostics.extend(_reserved_stages(root))
    putting_in = PuttingIn()
    definitions = _definitions(root, surroundings, putting_in, diagnostics)
    surroundings = surroundings.with_definitions(
        {name: one.type for name, one in definitions.items()}, document.define
    )
    derived = check_derived(root, document, surroundings, definitions, diagnostics)
    derived = putting_in.fitting(derived, diagnostics)
    responses = _Responses(surroundings, frozenset(document.failures), putting_in, diagnostics)
    rules = _rules(root, responses)
    on_unknown = responses.response(("on_unknown",), root.get("on_unknown"), "abstain")
    diagnostics.extend(check_messages(rules, on_unknown, definitions, tuple(document.stages)))
    metrics = check_metrics(root, surroundings, diagnostics)
    metrics = putting_in.fitting(metrics, diagnostics)
    check_suites(root, surroundings, diagnostics)
    thresholds = (
        *check_gates(root, document, surroundings, metrics, diagnostics),
        *check_alerts(root, document, surroundings, metrics, diagnostics),
    )
    invariants = check_invariants(root, surroundings, diagnostics)
    invariants = putting_in.fitting(invariants, diagnostics)
    checked = CheckedPolicy(
        source,
        root,
        document,
        surroundings,
        definitions,
        derived,
        rules,
        on_unknown,
        metrics,
        thresholds,
        invariants,
    )
    return checked, diagnostics


def _reserved_stages(root: MappingNode) -> list[Diagnostic]:
    """Stages with the name of something that a record has beside its stages."""
    section = root.get("stages")
    if not isinstance(section, MappingNode):
        return []
    return [
        finding(
            "DM416",
            f"A stage cannot be called `{entry.key.text}`: a record has this beside its stages.",
            entry.key.span,
            f"Give it another name, such as `{entry.key.text}_stage`.",
        )
        for entry in section.entries
        if entry.key.text in RECORD_KEYS
    ]


def _definitions(
    root: MappingNode, surroundings: Surroundings, putting_in: PuttingIn, diagnostics: Diagnostics
) -> dict[str, CheckedExpression]:
    """The definitions, in an order in which each reads only those before it."""
    section = root.get("define")
    if not isinstance(section, MappingNode):
        return {}
    scalars = {e.key.text: e.value for e in section.entries if isinstance(e.value, ScalarNode)}
    needs = {name: names_in(scalar.text) & scalars.keys() for name, scalar in scalars.items()}
    order, circles = ordered(needs)
    for name, wanted in circles.items():
        key = section.key(name)
        assert key is not None
        others = " and ".join(f"`{one}`" for one in sorted(wanted))
        diagnostics.append(finding("DM404", f"`{name}` needs {others}, and so itself.", key.span))
    checked: dict[str, CheckedExpression] = {}
    environment, add = surroundings.for_definitions(scalars)
    for name in order:
        path = ("define", name)
        found = decided_expression(
            path, scalars[name], surroundings, None, diagnostics, environment
        )
        if found is not None and putting_in.fits(found, diagnostics):
            checked[name] = found
            putting_in.define(name, found.tree)
            add(name, found.type)
    return checked


class _Responses:
    """Checks responses: their failures are declared, their messages right."""

    def __init__(
        self,
        surroundings: Surroundings,
        failures: frozenset[str],
        putting_in: PuttingIn,
        diagnostics: Diagnostics,
    ) -> None:
        self.surroundings = surroundings
        self._putting_in = putting_in
        self.diagnostics = diagnostics
        self._failures = failures
        self._environment: Environment = surroundings.for_rules

    def response(self, path: Path, node: Node | None, action: str = "") -> CheckedResponse | None:
        """The response in a mapping with `then`, `failure`, `say` and `why`, or of an action alone."""
        if isinstance(node, ScalarNode):
            return CheckedResponse(path, node.text)
        if not isinstance(node, MappingNode):
            return None
        then, failure = node.get("then"), node.get("failure")
        if isinstance(failure, ScalarNode) and failure.text not in self._failures:
            self.diagnostics.append(
                finding(
                    "DM401",
                    f"There is no failure `{failure.text}`.",
                    failure.span,
                    meant_or_declared(failure.text, self._failures, "failures"),
                )
            )
        return CheckedResponse(
            path,
            then.text if isinstance(then, ScalarNode) else action,
            failure.text if isinstance(failure, ScalarNode) else None,
            self._message(path, node, "say"),
            self._message(path, node, "why"),
        )

    def _message(self, path: Path, node: MappingNode, key: str) -> Message | None:
        scalar = node.get(key)
        if not isinstance(scalar, ScalarNode):
            return None
        message, problems = checked_message((*path, key), scalar, self._environment, frozenset())
        self.diagnostics.extend(problems)
        for part in () if message is None else message.parts:
            if not isinstance(part, str) and not self._putting_in.fits(part, self.diagnostics):
                return None
        return message

    def condition(self, path: Path, node: Node | None) -> CheckedExpression | None:
        """A condition, which is a bool."""
        if not isinstance(node, ScalarNode):
            return None
        found = decided_expression(path, node, self.surroundings, BOOL, self.diagnostics)
        fits = found is not None and self._putting_in.fits(found, self.diagnostics)
        return found if fits else None


def _rules(root: MappingNode, responses: _Responses) -> tuple[CheckedRule, ...]:
    """Scope entries and rules, in the order of the file."""
    sections = {"scope": _scope, "rules": _plain_rules}
    found: list[CheckedRule] = []
    for entry in root.entries:
        section = sections.get(entry.key.text)
        if section is not None and isinstance(entry.value, MappingNode):
            found.extend(section(entry.value, responses))
    return tuple(found)


def _scope(section: MappingNode, responses: _Responses) -> Iterable[CheckedRule]:
    otherwise = responses.response(("scope", "otherwise"), section.get("otherwise"), "refuse")
    if otherwise is None:
        otherwise = CheckedResponse(("scope",), "refuse")
    conditions = [entry for entry in section.entries if entry.key.text != "otherwise"]
    if not conditions:
        responses.diagnostics.append(
            finding("DM413", "`scope` has no condition.", section.span, "Name one that must hold.")
        )
    for entry in conditions:
        path = ("scope", entry.key.text)
        condition = responses.condition(path, entry.value)
        if condition is not None:
            yield CheckedRule(path, entry.key.text, "scope", condition, otherwise, negated=True)


def _plain_rules(section: MappingNode, responses: _Responses) -> Iterable[CheckedRule]:
    for entry in section.entries:
        path: Path = ("rules", entry.key.text)
        if not isinstance(entry.value, MappingNode):
            continue
        response = responses.response(path, entry.value)
        unknown_path = (*path, "on_unknown")
        written = entry.value.get("on_unknown")
        on_unknown: CheckedResponse | str | None
        if isinstance(written, ScalarNode) and written.text == "ignore":
            on_unknown = "ignore"
        else:
            on_unknown = responses.response(unknown_path, written, "abstain")
        condition = responses.condition((*path, "when"), entry.value.get("when"))
        if condition is not None and response is not None:
            yield CheckedRule(path, entry.key.text, "rules", condition, response, on_unknown)
