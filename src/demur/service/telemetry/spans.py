"""OpenTelemetry spans and events of decisions.

The current span gets the attributes `demur.*` of the latest decision in it; with `spans`, each check
is a child span of its own. A final decision also emits an event `gen_ai.evaluation.result` for each
score: a signal that is a double with both bounds declared. Events are log records, as OpenTelemetry
has them since it deprecated those of spans; where the service has no logger provider, they are added
to the span. Nothing personal is in any of it: signals marked `pii` are left out, `why` is masked, and
the message to the user is not there at all.

Sources: OpenTelemetry semantic conventions for GenAI, event `gen_ai.evaluation.result` (development):
`gen_ai.evaluation.name` and `.score.value`, and `error.type` where there is no score.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from demur.backends.python.reading import read_signal
from demur.functions.values import EvaluationError
from demur.policy import Shape
from demur.service.check import Check
from demur.service.telemetry.missing import require

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.trace import TracerProvider

    from demur.service.guard import Guard

Attributes = dict[str, Any]
EVALUATION = "gen_ai.evaluation.result"


class OpenTelemetrySpans:
    """Tells the current span of each check.

    With `spans`, each check is a child span `demur.check` as well. Providers are the global ones
    unless given. Raises ImportError where the API is not installed.
    """

    def __init__(
        self,
        *,
        spans: bool = False,
        tracer_provider: TracerProvider | None = None,
        logger_provider: LoggerProvider | None = None,
    ) -> None:
        self._trace = require("opentelemetry.trace")
        self._logs = require("opentelemetry._logs")
        self._spans = spans
        self._tracer = self._trace.get_tracer("demur", tracer_provider=tracer_provider)
        self._logger_provider = logger_provider

    def attach(self, guard: Guard) -> None:
        """Spans need nothing of the guard."""

    def outcome(self, trace_id: str, outcome: Mapping[str, Any]) -> None:
        """Spans have ended when an outcome is known."""

    def observe(self, check: Check) -> None:
        """Sets the attributes, begins and ends the child span, emits the events."""
        span = self._trace.get_current_span()
        if not _is_of(span, check):
            # A generator that held the trace was closed while another request runs.
            span = self._trace.INVALID_SPAN
        own = None
        if self._spans:
            end = int(check.time * 1e9)
            start = end - int(check.duration * 1e9)
            context = self._trace.set_span_in_context(span)
            own = self._tracer.start_span("demur.check", context, start_time=start)
        if not span.is_recording() and (own is None or not own.is_recording()):
            return
        found = attributes(check)
        if span.is_recording():
            span.set_attributes(found)
        if own is not None:
            own.set_attributes(found)
            own.end(int(check.time * 1e9))
        if check.is_final:
            for score in scores(check):
                self._emit(span, check, score)

    def _emit(self, span: Any, check: Check, event: Attributes) -> None:
        """As a log record with the span's ids, or as the span's own event."""
        provider = self._logger_provider or self._logs.get_logger_provider()
        moment = int(check.time * 1e9)
        silent = ("ProxyLoggerProvider", "NoOpLoggerProvider")
        if type(provider).__name__ in silent:
            span.add_event(EVALUATION, event, moment)
            return
        logger = provider.get_logger("demur")
        context = self._trace.set_span_in_context(span)
        logger.emit(timestamp=moment, context=context, event_name=EVALUATION, attributes=event)


def _is_of(span: Any, check: Check) -> bool:
    """Whether a span is in the distributed trace that the check's request is part of."""
    found = span.get_span_context()
    parent = check.parent_trace_id
    return parent is None or not found.is_valid or f"{found.trace_id:032x}" == parent


def attributes(check: Check) -> Attributes:
    """What a span says of a check."""
    decision, policy = check.decision, check.evaluator.policy
    found: Attributes = {
        "demur.policy.name": policy.name,
        "demur.policy.digest": check.evaluator.digest,
        "demur.rollout": check.rollout,
        "demur.trace_id": check.trace_id,
        "demur.stage": decision.stage if check.bypass is None else check.stage,
        "demur.action": check.action,
        "demur.stops": check.stops,
        "demur.final": check.is_final,
        "demur.incomplete": check.is_incomplete,
        "demur.rules": [one.name for one in decision.firings],
        "demur.failures": list(decision.failures),
        "demur.unknown": list(dict.fromkeys(one.signal for one in decision.unknown if one.signal)),
    }
    optional = {
        "demur.policy.version": policy.version,
        "demur.rule": decision.rule,
        "demur.failure": decision.failure,
        "demur.why": decision.why,
        "demur.bypass": check.bypass,
        "demur.shadow.action": None if check.shadow is None else check.shadow.action,
    }
    found.update({name: value for name, value in optional.items() if value is not None})
    return found


def scores(check: Check) -> Iterator[Attributes]:
    """The attributes of an evaluation event for each score in the record."""
    for stage, signals in check.evaluator.policy.stages.items():
        if stage not in check.record:
            continue
        for name, shape in signals.items():
            if not is_score(shape):
                continue
            value = read_signal(check.record, stage, name, shape)
            event: Attributes = {"gen_ai.evaluation.name": f"{stage}.{name}"}
            if isinstance(value, EvaluationError):
                reason = value.reasons[0]
                if shape.optional and reason.kind in ("absent", "null"):
                    continue
                event["error.type"] = reason.kind
                event["gen_ai.evaluation.explanation"] = f"{reason.signal} {reason.detail}"
            else:
                event["gen_ai.evaluation.score.value"] = value
            yield event


def is_score(shape: Shape) -> bool:
    """Whether a signal is a score: a double between declared bounds, and not personal."""
    return (
        shape.type == "double"
        and shape.minimum is not None
        and shape.maximum is not None
        and not shape.pii
    )
