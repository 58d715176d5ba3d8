"""One request: its record grows stage by stage, and is decided at each."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from os import urandom
from time import perf_counter, time
from typing import TYPE_CHECKING, Any, TypeVar

from demur.runtime.evaluator import Evaluator
from demur.service.check import Check
from demur.service.deployment import Deployment
from demur.service.providers import Provider
from demur.service.rollout import choose
from demur.service.surroundings import current_span, may_hold_a_lock

if TYPE_CHECKING:
    from types import TracebackType

    from demur.service.guard import Guard

_CURRENT: ContextVar[Trace | None] = ContextVar("demur_trace", default=None)
_Answer = TypeVar("_Answer")


class Stopped(Exception):
    """The policy ends the request: nothing may be answered but `message`.

    `check` is the decision with what surrounds it.
    """

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__(f"{check.decision.action} by {check.decision.rule}")

    @property
    def message(self) -> str | None:
        """What to tell the user."""
        return self.check.message


def stop_in(failure: BaseException | None) -> Stopped | None:
    """The stop that ended what ran under a trace, also where task groups wrapped it."""
    if isinstance(failure, BaseExceptionGroup):
        return next((one for one in map(stop_in, failure.exceptions) if one is not None), None)
    return failure if isinstance(failure, Stopped) else None


def beside_stops(failure: Exception | None) -> Exception | None:
    """What was raised beside the stop."""
    if isinstance(failure, ExceptionGroup):
        return failure.split(Stopped)[1]
    return None if isinstance(failure, Stopped) else failure


class Unchecked(Exception):
    """An answer was held back: its trace was not decided at its last stage, and nothing stopped it.

    This is a mistake in the service's code. `trace_id` names the request, `stage` the stage that was to be
    decided.
    """

    def __init__(self, trace_id: str, stage: str) -> None:
        self.trace_id = trace_id
        self.stage = stage
        super().__init__(
            f"DM961: an answer was held back, for the trace {trace_id} was not decided at its last stage, "
            f"{stage}: check that stage before the answer, or say where checking ends, as in "
            '`last="request"`'
        )


class Trace:
    """A request under a guard, made by `Guard.trace` and used in a `with` or `async with`.

    One policy decides all its stages, whatever is reloaded meanwhile. It belongs to one request, and
    is checked from one thread or task at a time. `trace_id` names it, and nothing else: nobody but the
    service can choose it. `parent_trace_id` and `span_id` are those of the distributed trace (W3C Trace
    Context) that it is part of, where there is one. `last` is the latest check. `outer` is the trace that
    was current when it began, and `is_left` says that its `with` has ended.
    """

    __slots__ = (
        "_began",
        "_bypass",
        "_completed",
        "_deployment",
        "_ends_at",
        "_evaluator",
        "_is_entered",
        "_latest",
        "_record",
        "_rollout",
        "_stages",
        "guard",
        "is_left",
        "last",
        "outer",
        "parent_trace_id",
        "span_id",
        "trace_id",
    )

    def __init__(
        self,
        guard: Guard,
        deployment: Deployment,
        trace_id: str | None,
        span_id: str | None,
        *,
        parent: tuple[str, str] | None = None,
        user: str | None = None,
        last: str | None = None,
        bypass: str | None = None,
    ) -> None:
        if trace_id is None:
            trace_id = urandom(16).hex()
        if parent is None:
            parent = current_span()
        self.trace_id = trace_id
        self.parent_trace_id, found = parent or (None, None)
        self.span_id = span_id or found
        self.last: Check | None = None
        self.guard = guard
        self._deployment = deployment
        self._evaluator, self._rollout = choose(deployment, trace_id if user is None else user)
        self._stages = stages = self._evaluator.stages
        self._ends_at = len(stages) - 1 if last is None else place(stages, last)
        self._bypass = bypass
        self._record: dict[str, Any] = {}
        self._completed: Mapping[str, Any] = {}
        self._latest = -1
        self._began = perf_counter()
        self.outer: Trace | None = None
        self._is_entered = self.is_left = False

    def __enter__(self) -> Trace:
        if self._is_entered:
            raise ValueError(
                f"DM902: the trace {self.trace_id} was begun before: another attempt is another trace"
            )
        self._is_entered = True
        self.outer = _still_open(_CURRENT.get())
        _CURRENT.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.is_left = True
        # A generator may be closed, or collected, wherever another trace is current: that one stays.
        if _CURRENT.get() is self:
            _CURRENT.set(_still_open(self.outer))
        if kind is GeneratorExit and may_hold_a_lock():
            self.guard.end_later(self)
        else:
            self.end()

    async def __aenter__(self) -> Trace:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, raised, traceback)

    @property
    def evaluator(self) -> Evaluator:
        """The policy that decides this trace."""
        return self._evaluator

    def check(self, /, **stages: Mapping[str, Any]) -> Check:
        """Adds the signals of one or more stages, and decides at the latest stage so far.

        A trace that was stopped stays stopped: whatever is checked then gives the same check again,
        and is not recorded. Signals are copied, what they hold is not, so it should not be changed
        afterwards. Raises ValueError for a stage that the policy has not or that was given before:
        another attempt is another trace.
        """
        known, last = self._stages, self.last
        record, latest, repeats = self._record.copy(), self._latest, False
        for stage, signals in stages.items():
            if stage not in known:
                raise self._no_stage(stage)
            repeats = repeats or stage in record
            record[stage] = _copied(signals)
            at = known.index(stage)
            if at > latest:  # noqa: PLR1730 - `max` takes longer
                latest = at
        if last is not None and last.is_final and last.stops:
            return last
        if repeats or self.is_over:
            given = ", ".join(stages) or "nothing"
            raise ValueError(
                f"DM902: the trace is over, or had {given} before: another attempt is another trace"
            )
        if latest < 0:
            raise ValueError("DM901: a check needs the signals of at least one stage")
        if self._completed and any(known.index(one) < self._latest for one in stages):
            # What was derived at a later stage may need this one.
            self._completed = {}
        self._latest, self._record = latest, record
        return self._decide(known[latest], latest >= self._ends_at)

    def enforce(self, /, **stages: Mapping[str, Any]) -> Check:
        """As `check`, but raises `Stopped` where the request ends here."""
        check = self.check(**stages)
        if check.stops:
            raise Stopped(check)
        return check

    @property
    def may_answer(self) -> bool:
        """Whether an answer may go out now.

        That is so when the last stage was decided and nothing stopped the request, or while nothing is
        enforced.
        """
        last = self.last
        if last is None or not last.is_final:
            return (self._bypass or self.guard.bypass_reason) is not None
        return last.bypass is not None or not (last.is_incomplete or last.decision.stops)

    @property
    def stop(self) -> Stopped | None:
        """What `enforce` raises from now on, None where the policy did not end the request."""
        last = self.last
        return Stopped(last) if last is not None and last.stops and not last.is_incomplete else None

    def unchecked(self) -> Unchecked:
        """What `release` raises where the last stage was not decided."""
        return Unchecked(self.trace_id, self._stages[self._ends_at] if self._stages else "none")

    def release(self, answer: _Answer) -> _Answer:
        """The answer, if it may go out.

        Raises `Stopped` where the policy ended the request, whatever was made of that, and `Unchecked`
        where the last stage was not decided.
        """
        if self.may_answer:
            return answer
        raise self.stop or self.unchecked()

    def check_span(self, span: Any, /, **stages: Mapping[str, Any]) -> Check:
        """As `check`, with what an OpenTelemetry span has of these stages' signals by their `otel`.

        A signal that is given as well is taken as given. Name a stage without signals as
        `answer={}`.
        """
        from demur.service.telemetry.attributes import signals_from_attributes

        policy, attributes = self._evaluator.policy, getattr(span, "attributes", None)
        return self.check(
            **{
                stage: signals_from_attributes(policy, attributes, stage) | dict(signals)
                for stage, signals in stages.items()
            }
        )

    def provide(self, stage: str, /, *, budget: float, **providers: Provider) -> dict[str, Any]:
        """Signals of a stage for `check`, computed at once by plain functions within a budget.

        After `budget` seconds what is not there is unknown, as is what raised; why, stands in
        `check.decision.unknown`. Raises ValueError for a signal or stage that the policy has not.
        """
        self._must_declare(stage, providers)
        return self.guard.providers.compute(stage, providers, budget)

    async def provide_async(
        self, stage: str, /, *, budget: float, **providers: Provider
    ) -> dict[str, Any]:
        """As `provide`, and providers may be coroutine functions as well."""
        self._must_declare(stage, providers)
        return await self.guard.providers.compute_async(stage, providers, budget)

    def _must_declare(self, stage: str, providers: Mapping[str, Provider]) -> None:
        declared = self._evaluator.policy.stages.get(stage)
        if declared is None:
            raise self._no_stage(stage)
        for name in providers:
            if name not in declared:
                raise ValueError(
                    f"DM903: the stage {stage} has no signal {name!r}; "
                    f"its signals are: {', '.join(declared) or 'none'}"
                )

    def _no_stage(self, stage: str) -> ValueError:
        return _no_stage(self._stages, stage)

    def end(self) -> None:
        """Ends the trace; done by `with`. Ending it again does nothing.

        One that was neither stopped nor decided at its last stage ends incomplete. It broke off at the
        stage after the latest that was checked, and is decided there with what is known, for whoever
        counts it.
        """
        if not self.is_over:
            stage = self._stages[self._latest + 1] if self._stages else None
            self._decide(stage, is_last=True, is_incomplete=True)

    @property
    def is_over(self) -> bool:
        """Whether it was stopped, decided at its last stage, or ended."""
        return self.last is not None and self.last.is_final

    def _decide(self, stage: str | None, is_last: bool, is_incomplete: bool = False) -> Check:
        guard, given = self.guard, self._record
        bypass = self._bypass or guard.bypass_reason
        started = perf_counter()
        known = {**given, **self._completed} if self._completed else given
        record = self._evaluator.complete(known, stage)
        if record is not known:
            # What an earlier stage's signals came to is not computed again at the next.
            self._completed = record
        decision = self._evaluator.decide(record, stage)
        ended = perf_counter()
        shadow = None
        if self._deployment.candidate is not None:
            # The candidate derives its signals itself.
            shadow = guard.shadow.decide(self._deployment, given, stage)
        self.last = check = Check(
            time(),
            self.trace_id,
            self.span_id,
            stage or "",
            record,
            decision,
            self._evaluator,
            ended - started,
            ended - self._began,
            self._rollout,
            shadow,
            is_last or (bypass is None and decision.stops),
            is_incomplete,
            bypass,
            self.parent_trace_id,
        )
        guard.tell(check)
        return check


def current_trace(guard: Guard | None = None) -> Trace | None:
    """The innermost open trace that this thread or task is in, of the guard if one is given.

    It is there by `with`, a decorator or the middleware.
    """
    trace = _still_open(_CURRENT.get())
    while trace is not None and guard is not None and trace.guard is not guard:
        trace = _still_open(trace.outer)
    return trace


def _still_open(trace: Trace | None) -> Trace | None:
    """The trace, or the innermost around it whose `with` was not left yet."""
    while trace is not None and trace.is_left:
        trace = trace.outer
    return trace


def place(stages: tuple[str, ...], stage: str) -> int:
    """Where a stage is among the policy's. Raises ValueError where it is not."""
    if stage not in stages:
        raise _no_stage(stages, stage)
    return stages.index(stage)


def _no_stage(stages: tuple[str, ...], stage: str) -> ValueError:
    known = ", ".join(stages) or "none"
    return ValueError(f"DM901: the policy has no stage {stage!r}; its stages are: {known}")


def _copied(signals: Any) -> Any:
    """A stage's signals; what is none at all stays, and is unknown."""
    if signals.__class__ is dict:
        return signals.copy()
    return dict(signals) if isinstance(signals, Mapping) else signals
