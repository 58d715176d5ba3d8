"""A document's signals and parameters as the compiled policy has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demur.backends.python.reading import read
from demur.functions.values import EvaluationError
from demur.language.document import Parameter, Signal
from demur.policy import Shape


def shapes_of(signals: Mapping[str, Signal]) -> dict[str, Shape]:
    """The signals' shapes by name."""
    return {name: shape_of(signal) for name, signal in signals.items()}


def shape_of(signal: Signal) -> Shape:
    """A signal's shape."""
    return Shape(
        signal.type,
        of=None if signal.of is None else shape_of(signal.of),
        fields=None if signal.fields is None else shapes_of(signal.fields),
        enum=None if signal.enum is None else tuple(signal.enum),
        minimum=_bound(signal.min, signal.type),
        maximum=_bound(signal.max, signal.type),
        maximum_size=signal.max_size,
        optional=signal.optional,
        pii=signal.pii,
        unit=signal.unit,
        otel=signal.otel,
        zone=signal.zone,
    )


def _bound(bound: float | None, type: str) -> float | None:
    """A bound as a number of the signal's type."""
    if bound is None or type == "double":
        return bound
    return int(bound)


def default_of(parameter: Parameter) -> Any:
    """The default as a CEL value. Raises `EvaluationError` where it is not what is declared."""
    return read(parameter.default, parameter_shape(parameter), "default")


def parameter_shape(parameter: Parameter) -> Shape:
    """What a parameter's values must be."""
    return Shape(
        parameter.type,
        minimum=_bound(parameter.min, parameter.type),
        maximum=_bound(parameter.max, parameter.type),
    )


__all__ = ["EvaluationError", "default_of", "parameter_shape", "shape_of", "shapes_of"]
