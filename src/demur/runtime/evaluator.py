"""A compiled policy ready to decide: the optimistic form first, the precise form where needed."""

from __future__ import annotations

from demur.backends.python.decisions import (
    reachable,
    signals_read,
    write_optimistic,
    write_precise,
)
from demur.functions.values import EvaluationError, error
from demur.policy import Policy, Response, Rule
from demur.runtime.bundle import MALFORMED, malformed
from demur.runtime.decision import MASK, Decision, display
from demur.tree import Expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    Thunk = Callable[[], Any]
    Conditions = Callable[[Any], tuple[Thunk, ...]]
    Derive = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Evaluator:
    """Decides records by one policy. Immutable; safe to share among threads.

    A decision refers to its record, so a record should not be changed after it was decided.
    `policy` is the compiled policy, `digest` its identity (`sha256:…`), which every decision bears.
    """

    def __init__(self, policy: Policy, digest: str) -> None:
        self.policy = policy
        self.digest = digest
        self._order = {name: at for at, name in enumerate(policy.stages)}
        self._prepared: dict[str | None, _Prepared] = {}
        self._texts: dict[int, tuple[Any, Conditions, tuple[Expression, ...]]] = {}
        self._last = self._at(next(reversed(self._order), None))

    def __repr__(self) -> str:
        return f"Evaluator({self.policy.name!r}, digest={self.digest!r})"

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.policy.name

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages' names, in pipeline order."""
        return tuple(self._order)

    def decide(
        self, record: Mapping[str, Any], stage: str | None = None, strict: bool = False
    ) -> Decision:
        """Decides a record by every rule whose signals are known at `stage`, the last by default.

        Bad data never raises: what is missing or malformed is unknown, and the rules that it leaves
        open take their `on_unknown` action. With `strict=True` an unknown raises `EvaluationError`.
        Raises ValueError for a stage that the policy has not.
        """
        prepared = self._last if stage is None else self._at(stage)
        if prepared.derive is not None:
            record = prepared.derive(record)
        fired = prepared.decide(record)
        if fired is None:
            return self._decide_precisely(prepared, record, strict)
        if not fired:
            return prepared.answer
        responses = prepared.responses
        return Decision(self, prepared.stage, record, tuple([responses[at] for at in fired]))

    def complete(self, record: Mapping[str, Any], stage: str | None = None) -> Mapping[str, Any]:
        """The record with the derived signals that it does not bring, up to `stage`, the last by default.

        What cannot be computed stands there as `Unavailable`. Deciding does this by itself; ask for it
        to keep the record as it was decided. Raises ValueError for a stage that the policy has not.
        """
        derive = (self._last if stage is None else self._at(stage)).derive
        return record if derive is None else derive(record)

    def _decide_precisely(
        self, prepared: _Prepared, record: Mapping[str, Any], strict: bool
    ) -> Decision:
        spoken: list[tuple[Rule, Response]] = []
        unknowns: list[tuple[str, EvaluationError]] = []
        for rule, state in self._outcomes(prepared, record):
            if state is True:
                spoken.append((rule, rule.response))
            elif state is not False:
                unknowns.append((rule.name, state))
                if rule.on_unknown is not None:
                    spoken.append((rule, rule.on_unknown))
        if strict and unknowns:
            reasons = dict.fromkeys(reason for _, one in unknowns for reason in one.reasons)
            raise EvaluationError(*reasons)
        return Decision(self, prepared.stage, record, tuple(spoken), tuple(unknowns))

    def rules_at(self, stage: str | None = None) -> tuple[Rule, ...]:
        """The rules that run at a stage, the last by default: those whose last signal is known then."""
        return self._last.rules if stage is None else self._at(stage).rules

    def outcomes(
        self, record: Mapping[str, Any], stage: str | None = None
    ) -> list[tuple[Rule, bool | EvaluationError]]:
        """For each rule at the stage, in file order: true, false, or the error that leaves it open."""
        prepared = self._last if stage is None else self._at(stage)
        return self._outcomes(prepared, self.complete(record, stage))

    def evaluate(self, expressions: Sequence[Expression], record: Mapping[str, Any]) -> list[Any]:
        """Each expression's value over the record, or its `EvaluationError` (not raised)."""
        return self.prepare(expressions)(record)

    def prepare(
        self, expressions: Sequence[Expression]
    ) -> Callable[[Mapping[str, Any]], list[Any]]:
        """As `evaluate`, compiled once for many records."""
        conditions = write_precise(self.policy, expressions).function()
        derive = self.derivation(expressions)
        if derive is None:
            return lambda record: settled(conditions, record)
        return lambda record: settled(conditions, derive(record))

    def derivation(self, expressions: Sequence[Expression]) -> Derive | None:
        """What adds to a record the derived signals that these expressions read; None for none."""
        if not self.policy.derived:
            return None
        from demur.runtime.derivation import derivation, derived_signals

        return derivation(self.policy, derived_signals(self.policy, expressions))

    def with_parameters(self, parameters: Mapping[str, Any]) -> Evaluator:
        """The same policy with other values for some parameters, and so another digest.

        Raises ValueError for a parameter that the policy has not, or a value out of its bounds.
        """
        from demur.runtime.parameters import replaced

        return Evaluator(*replaced(self.policy, parameters))

    def render(
        self, text: tuple[str | Expression, ...], record: Mapping[str, Any], *, masked: bool
    ) -> str | None:
        """A message with its expressions' values put in; None for no message."""
        if not text:
            return None
        if len(text) == 1 and isinstance(text[0], str):
            return text[0]
        if id(text) not in self._texts:
            parts = tuple(part for part in text if not isinstance(part, str))
            conditions = write_precise(self.policy, parts).function()
            self._texts[id(text)] = (text, conditions, parts)
        _, conditions, parts = self._texts[id(text)]
        values = iter(zip(parts, settled(conditions, record), strict=True))
        written: list[str] = []
        for part in text:
            if isinstance(part, str):
                written.append(part)
                continue
            expression, value = next(values)
            if masked and self._is_personal(expression):
                written.append(MASK)
            elif isinstance(value, EvaluationError):
                written.append("unknown")
            else:
                written.append(display(value))
        return "".join(written)

    def values_read(self, condition: Expression, record: Mapping[str, Any]) -> dict[str, Any]:
        """The signals that a condition reads, by path, as the record has them; personal ones masked."""
        trees = (*reachable(self.policy, (condition,)).values(), condition)
        found: dict[str, Any] = {}
        for stage, name in signals_read(trees):
            signals = record.get(stage) if isinstance(record, dict) else None
            if isinstance(signals, dict) and name in signals:
                shape = self.policy.stages[stage][name]
                found[f"{stage}.{name}"] = masked(signals[name], shape)
        return found

    def _is_personal(self, expression: Expression) -> bool:
        trees = (*reachable(self.policy, (expression,)).values(), expression)
        return any(
            _has_personal(self.policy.stages[stage][name]) for stage, name in signals_read(trees)
        )

    def _at(self, stage: str | None) -> _Prepared:
        """What is needed to decide at a stage, made when it is first asked for."""
        prepared = self._prepared.get(stage)
        if prepared is None:
            if stage is not None and stage not in self._order:
                known = ", ".join(self._order) or "none"
                raise ValueError(f"the policy has no stage {stage!r}; its stages are: {known}")
            last = 0 if stage is None else self._order[stage]
            rules = tuple([rule for rule in self.policy.rules if rule.stage <= last])
            answer = Decision(self, stage, None, ())
            decide = _generated(write_optimistic, self.policy, rules)
            prepared = _Prepared(stage, rules, decide, answer, self._derivation_until(last))
            self._prepared[stage] = prepared
        return prepared

    def _derivation_until(self, last: int) -> Derive | None:
        """What adds all derived signals of the stages up to the one at `last`."""
        if not self.policy.derived:
            return None
        from demur.runtime.derivation import derivation

        order = self._order
        try:
            known = [one for one in self.policy.derived if order[one[0]] <= last]
            return derivation(self.policy, known)
        except (*MALFORMED, EvaluationError):
            raise malformed() from None

    def _outcomes(
        self, prepared: _Prepared, record: Mapping[str, Any]
    ) -> list[tuple[Rule, bool | EvaluationError]]:
        conditions = prepared.conditions
        if conditions is None:
            trees = [rule.condition for rule in prepared.rules]
            conditions = _generated(write_precise, self.policy, trees)
            prepared.conditions = conditions
        states = settled(conditions, record)
        return [
            (rule, state if isinstance(state, bool | EvaluationError) else _NOT_A_BOOL)
            for rule, state in zip(prepared.rules, states, strict=True)
        ]


class _Prepared:
    """A stage's rules with their generated code; the precise form is made when first needed."""

    __slots__ = ("answer", "conditions", "decide", "derive", "responses", "rules", "stage")

    def __init__(
        self,
        stage: str | None,
        rules: tuple[Rule, ...],
        decide: Callable[[Any], tuple[int, ...] | None],
        answer: Decision,
        derive: Derive | None,
    ) -> None:
        self.stage = stage
        self.rules = rules
        self.responses = tuple([(rule, rule.response) for rule in rules])
        self.decide = decide
        self.answer = answer
        self.derive = derive
        self.conditions: Conditions | None = None


def _generated(write: Callable[..., Any], policy: Policy, parts: Sequence[Any]) -> Any:
    """The compiled function of generated code. Raises `BundleError` for a policy that is none."""
    try:
        return write(policy, parts).function()
    except (*MALFORMED, EvaluationError):
        raise malformed() from None


_NOT_A_BOOL = error("the condition is not a bool")


def settled(conditions: Conditions, record: Mapping[str, Any]) -> list[Any]:
    """Each condition's value over the record, or its `EvaluationError` (not raised)."""
    return [_settle(thunk) for thunk in conditions(record)]


def _settle(thunk: Thunk) -> Any:
    """The thunk's value, or its error. Whatever else goes wrong with bad data is unknown as well."""
    try:
        return thunk()
    except EvaluationError as unknown:
        return unknown
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as failure:
        return error(f"could not be evaluated ({type(failure).__name__})")


def _has_personal(shape: Any) -> bool:
    fields = shape.fields or {}
    return (
        shape.pii
        or any(map(_has_personal, fields.values()))
        or (shape.of is not None and _has_personal(shape.of))
    )


def masked(value: Any, shape: Any) -> Any:
    """The value with what its shape marks as personal masked."""
    if shape.pii:
        return MASK
    if not _has_personal(shape):
        return value
    if isinstance(value, dict) and shape.fields is not None:
        fields = shape.fields
        return {
            name: masked(part, fields[name]) if name in fields else part
            for name, part in value.items()
        }
    if isinstance(value, dict):
        return {name: masked(part, shape.of) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part, shape.of) for part in value]
    return MASK
