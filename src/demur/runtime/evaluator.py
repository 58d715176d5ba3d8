"""A compiled policy ready to decide: the optimistic form first, the precise form where needed."""

from __future__ import annotations

from demur.backends.python.decisions import (
    by_stage,
    reachable,
    signals_read,
    write_optimistic,
    write_precise,
)
from demur.functions.limits import TOO_COSTLY
from demur.functions.values import EvaluationError, Reason, error
from demur.policy import Policy, Response, Rule
from demur.runtime.bundle import MALFORMED, malformed
from demur.runtime.decision import Decision, display
from demur.runtime.personal import MASK, shown
from demur.tree import Expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    Thunk = Callable[[], Any]
    Conditions = Callable[[Any], tuple[Thunk, ...]]
    Derive = Callable[[Mapping[str, Any]], Mapping[str, Any]]


LONGEST_MESSAGE = 1_000_000
"""Characters of values in a message; what comes after that many is not shown, and reads `unknown`."""


class Evaluator:
    """Decides records by one policy. Immutable; safe to share among threads.

    A decision refers to its record, so a record should not be changed after it was decided.
    `policy` is the compiled policy, `digest` its identity (`sha256:…`), which every decision bears.
    """

    def __init__(self, policy: Policy, digest: str) -> None:
        self.policy = policy
        self.digest = digest
        self._order = {name: at for at, name in enumerate(policy.stages)}
        self._stages = tuple(policy.stages)
        self._prepared: dict[str | None, _Prepared] = {}
        self._texts: dict[int, tuple[Any, Conditions, tuple[Expression, ...]]] = {}
        self._last = self._at(next(reversed(self._order), None))
        self._is_ready = False

    def __repr__(self) -> str:
        return f"Evaluator({self.policy.name!r}, digest={self.digest!r})"

    @property
    def name(self) -> str:
        """The policy's name."""
        return self.policy.name

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages' names, in pipeline order."""
        return self._stages

    def decide(
        self, record: Mapping[str, Any], stage: str | None = None, strict: bool = False
    ) -> Decision:
        """Decides a record by asking its stages in order, up to `stage`, the last by default.

        The decision is the strictest action of the first stage at which it stops; later stages are not
        reached, and what they hold is not read. Bad data never raises: what is missing or malformed is
        unknown, and the rules that it leaves open take their `on_unknown` action. With `strict=True` an
        unknown raises `EvaluationError`. Raises ValueError for a stage that the policy has not.
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
        spoken: dict[int, tuple[Rule, Response]] = {}
        unknowns: dict[int, tuple[str, EvaluationError]] = {}
        for at, rule, state in self._asked(prepared, record):
            if state is True:
                spoken[at] = rule, rule.response
            elif state is not False:
                unknowns[at] = rule.name, state
                if rule.on_unknown is not None:
                    spoken[at] = rule, rule.on_unknown
        open_ = [unknowns[at] for at in sorted(unknowns)]
        if strict and open_:
            reasons = dict.fromkeys(reason for _, one in open_ for reason in one.reasons)
            raise EvaluationError(*reasons)
        ordered = tuple([spoken[at] for at in sorted(spoken)])
        return Decision(self, prepared.stage, record, ordered, tuple(open_))

    def _asked(
        self, prepared: _Prepared, record: Mapping[str, Any]
    ) -> Iterator[tuple[int, Rule, bool | EvaluationError]]:
        """Each rule that is asked, by its place, with its condition, until a stage stops."""
        for step in prepared.steps():
            stops = False
            rules = [prepared.rules[at] for at in step.places]
            for at, rule, state in zip(
                step.places, rules, _states(step.conditions, record), strict=True
            ):
                yield at, rule, state
                response = rule.response if state is True else rule.on_unknown
                stops = stops or (state is not False and response is not None and response.stops)
            if stops:
                return

    def make_ready(self) -> Evaluator:
        """Generates the code of both forms for every stage now, and not at the first record.

        Returns itself. Raises `BundleError` for a policy that turns out to be none.
        """
        if not self._is_ready:
            for stage in (*self._stages, None):
                self._at(stage).steps()
            self._is_ready = True
        return self

    def rules_at(self, stage: str | None = None) -> tuple[Rule, ...]:
        """The rules that run at a stage, the last by default: those whose last signal is known then."""
        return self._last.rules if stage is None else self._at(stage).rules

    def outcomes(
        self, record: Mapping[str, Any], stage: str | None = None
    ) -> list[tuple[Rule, bool | EvaluationError]]:
        """For each rule up to the stage, in file order: true, false, or the error that leaves it open.

        All are asked, also those of stages that the record does not reach; a decision's `stage` says
        how far it came.
        """
        prepared = self._last if stage is None else self._at(stage)
        record = self.complete(record, stage)
        found: dict[int, tuple[Rule, bool | EvaluationError]] = {}
        for step in prepared.steps():
            states = _states(step.conditions, record)
            for at, state in zip(step.places, states, strict=True):
                found[at] = prepared.rules[at], state
        return [found[at] for at in sorted(found)]

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
        left = LONGEST_MESSAGE
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
                told = display(value)
                left -= len(told)
                written.append(told if left >= 0 else "unknown")
        return "".join(written)

    def values_read(self, condition: Expression, record: Mapping[str, Any]) -> dict[str, Any]:
        """The signals that a condition reads, by path, as the record has them; personal ones masked."""
        trees = (*reachable(self.policy, (condition,)).values(), condition)
        found: dict[str, Any] = {}
        for stage, name in signals_read(trees):
            signals = record.get(stage) if isinstance(record, dict) else None
            if isinstance(signals, dict) and name in signals:
                shape = self.policy.stages[stage][name]
                found[f"{stage}.{name}"] = shown(signals[name], shape)
        return found

    def _is_personal(self, expression: Expression) -> bool:
        trees = (*reachable(self.policy, (expression,)).values(), expression)
        stages = self.policy.stages
        return any(stages[stage][name].has_personal for stage, name in signals_read(trees))

    def _at(self, stage: str | None) -> _Prepared:
        """What is needed to decide at a stage, made when it is first asked for."""
        prepared = self._prepared.get(stage)
        if prepared is None:
            if stage is not None and stage not in self._order:
                known = ", ".join(self._order) or "none"
                raise ValueError(f"the policy has no stage {stage!r}; its stages are: {known}")
            last = 0 if stage is None else self._order[stage]
            rules = tuple([rule for rule in self.policy.rules if rule.stage <= last])
            name = stage or ""
            answer = Decision(self, name, None, ())
            decide = _generated(write_optimistic, self.policy, rules)
            derive = self._derivation_until(last)
            prepared = _Prepared(self.policy, name, rules, decide, answer, derive)
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


class _Step:
    """The rules of one stage by their places, with the precise form of their conditions."""

    __slots__ = ("conditions", "places")

    def __init__(self, places: Sequence[int], conditions: Conditions) -> None:
        self.places = places
        self.conditions = conditions


class _Prepared:
    """The rules up to a stage with their generated code; the precise form is made when first needed."""

    __slots__ = ("_policy", "_steps", "answer", "decide", "derive", "responses", "rules", "stage")

    def __init__(
        self,
        policy: Policy,
        stage: str,
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
        self._policy = policy
        self._steps: tuple[_Step, ...] | None = None

    def steps(self) -> tuple[_Step, ...]:
        """The stages in order, those without rules left out."""
        if self._steps is None:
            self._steps = tuple([self._step(places) for places in by_stage(self.rules)])
        return self._steps

    def _step(self, places: Sequence[int]) -> _Step:
        trees = [self.rules[at].condition for at in places]
        return _Step(places, _generated(write_precise, self._policy, trees))


def _generated(write: Callable[..., Any], policy: Policy, parts: Sequence[Any]) -> Any:
    """The compiled function of generated code. Raises `BundleError` for a policy that is none."""
    try:
        return write(policy, parts).function()
    except (*MALFORMED, EvaluationError):
        raise malformed() from None


_NOT_A_BOOL = error("the condition is not a bool")


def _states(conditions: Conditions, record: Mapping[str, Any]) -> list[bool | EvaluationError]:
    """Whether each condition holds, or the error that leaves it open."""
    return [
        state if isinstance(state, bool | EvaluationError) else _NOT_A_BOOL
        for state in settled(conditions, record)
    ]


def settled(conditions: Conditions, record: Mapping[str, Any]) -> list[Any]:
    """Each condition's value over the record, or its `EvaluationError` (not raised)."""
    return [_settle(thunk) for thunk in conditions(record)]


def _settle(thunk: Thunk) -> Any:
    """The thunk's value, or its error. Whatever else goes wrong with bad data is unknown as well."""
    try:
        return thunk()
    except EvaluationError as unknown:
        return unknown
    except (MemoryError, RecursionError) as failure:
        what = "memory than there is" if isinstance(failure, MemoryError) else "levels than allowed"
        return EvaluationError(Reason(TOO_COSTLY, "", f"it would take more {what}"))
    except (ArithmeticError, LookupError, TypeError, ValueError) as failure:
        return error(f"could not be evaluated ({type(failure).__name__})")
