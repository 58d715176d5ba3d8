"""What surrounds a trace where it begins or ends: a span of the service, and what this thread is in."""

from __future__ import annotations

import sys
from inspect import currentframe

_LOCKING = (
    "demur.service.guard",
    "demur.service.journal",
    "demur.service.providers",
    "demur.service.rollout",
    "demur.service.telemetry",
    "opentelemetry",
    "prometheus_client",
)
"""Modules in which locks are held that telling of a check needs as well."""


def current_span() -> tuple[str, str] | None:
    """The ids of the current OpenTelemetry span, where the service uses OpenTelemetry."""
    tracing = sys.modules.get("opentelemetry.trace")
    if tracing is None:
        return None
    context = tracing.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def may_hold_a_lock() -> bool:
    """Whether this thread is where locks are held that telling of a check needs.

    A generator is collected in the middle of whatever needs memory.
    """
    frame = currentframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_LOCKING):
            return True
        frame = frame.f_back
    return False
