"""Which field of a tool's results feeds which signal of a policy.

In this order: the mapping that was given; the attribute of OpenTelemetry that a signal names (`otel:`); the
names that a field naturally goes by. By name nothing is taken that could be meant for two signals, or
that two fields could be meant for: such a field is reported instead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from demur.interop.results.codes import ResultsError
from demur.interop.results.importer import Importer, Natural, snake
from demur.policy import Policy, Shape
from demur.suggestions import did_you_mean

ID = "id"
"""What a mapping calls the case's own name."""
_UNITS = {"_ms": "ms", "_s": "s", "_seconds": "s"}
"""The unit of a time by how its signal's name ends."""
_FACTORS = {("ms", "s"): 0.001, ("s", "ms"): 1000.0}


@dataclass(frozen=True, slots=True)
class Bound:
    """A signal, the field that feeds it, and how that was found: `map`, `otel` or `name`.

    The field of a mapping may be a path in the tool's own item. `factor` turns its values' unit into
    the signal's.
    """

    stage: str
    name: str
    shape: Shape
    field: str
    how: str
    factor: float = 1.0

    @property
    def signal(self) -> str:
        """The signal as it is written."""
        return f"{self.stage}.{self.name}"


@dataclass(frozen=True, slots=True)
class Binding:
    """What feeds what, what feeds nothing and could have, and which field names the case.

    `unclear` says of a field why its name did not do.
    """

    bound: tuple[Bound, ...]
    unclear: Mapping[str, str]
    id: str | None = None

    @property
    def fields(self) -> frozenset[str]:
        """The fields that are used."""
        return frozenset(one.field for one in self.bound) | ({self.id} if self.id else set())


def signals(policy: Policy) -> dict[str, Shape]:
    """The signals that can be fed, as they are written; what is derived is computed."""
    stages = {**policy.stages, "outcome": policy.outcome}
    return {
        f"{stage}.{name}": shape
        for stage, shapes in stages.items()
        for name, shape in shapes.items()
        if (stage, name) not in policy.derived
    }


def bind(
    policy: Policy,
    importer: Importer,
    fields: Mapping[str, bool],
    mapping: Mapping[str, str],
    ignored: Collection[str] = (),
) -> Binding:
    """What feeds what, of the fields that were seen; the values say of each whether it is given.

    Raises `ResultsError` for a mapping of a signal that there is not.
    """
    known = signals(policy)
    naturals = {one.field: one for one in importer.naturals}
    found: dict[str, tuple[str, str]] = {}
    for signal, field in mapping.items():
        if signal not in known and signal != ID:
            raise _unknown_signal(signal, known, policy)
        found[signal] = (field, "map")
    candidates = [field for field in fields if field not in ignored]
    for signal, shape in known.items():
        field = _by_attribute(shape, candidates, naturals) if signal not in found else None
        if field is not None:
            found[signal] = (field, "otel")
    used = {field for field, _ in found.values()}
    free = {signal: shape for signal, shape in known.items() if signal not in found}
    claims: dict[str, list[str]] = {}
    unclear: dict[str, str] = {}
    for field in candidates:
        if field in used:
            continue
        meant = _by_name(
            field, naturals.get(field), importer, _allowed(free, policy, fields[field])
        )
        if len(meant) == 1:
            claims.setdefault(meant[0], []).append(field)
        elif meant:
            unclear[field] = f"could be {' or '.join(meant)}"
    for signal, claimants in claims.items():
        if len(claimants) == 1:
            found[signal] = (claimants[0], "name")
        else:
            unclear |= dict.fromkeys(claimants, f"{', '.join(claimants)} could each be {signal}")
    bound = [
        _bound(signal, known[signal], *found[signal], naturals)
        for signal in known
        if signal in found
    ]
    return Binding(tuple(bound), unclear, found[ID][0] if ID in found else None)


def _bound(
    signal: str, shape: Shape, field: str, how: str, naturals: Mapping[str, Natural]
) -> Bound:
    stage, _, name = signal.partition(".")
    unit = naturals[field].unit if field in naturals else None
    wanted = shape.unit if shape.unit in ("ms", "s") else None
    if wanted is None:
        wanted = next((unit for end, unit in _UNITS.items() if name.endswith(end)), unit)
    factor = _FACTORS.get((unit or "", wanted or ""), 1.0)
    return Bound(stage, name, shape, field, how, factor)


def _unknown_signal(signal: str, known: Mapping[str, Shape], policy: Policy) -> ResultsError:
    stage, _, name = signal.partition(".")
    if (stage, name) in policy.derived:
        what = f"`{signal}` is derived: the policy computes it."
        return ResultsError("DM735", what, "Map the signals that it is computed from.")
    advice = did_you_mean(signal, known) or f"The signals: {', '.join(known) or 'none'}."
    return ResultsError("DM735", f"The policy has no signal `{signal}`.", advice)


def _by_attribute(
    shape: Shape, fields: Collection[str], naturals: Mapping[str, Natural]
) -> str | None:
    if shape.otel is None:
        return None
    if shape.otel in fields:
        return shape.otel
    alike = (one.field for one in naturals.values() if shape.otel in one.attributes)
    return next((field for field in alike if field in fields), None)


def _allowed(free: Mapping[str, Shape], policy: Policy, is_given: bool) -> dict[str, Shape]:
    """What a field may stand for: what was put in is never taken for what the system answered."""
    first = next(iter(policy.stages), "")
    return {
        signal: shape
        for signal, shape in free.items()
        if not is_given or signal.partition(".")[0] in (first, "outcome")
    }


def _by_name(
    field: str, natural: Natural | None, importer: Importer, free: Mapping[str, Shape]
) -> list[str]:
    """The signals that have the first of the field's names that any has."""
    for name in natural.names if natural else _names(field, importer):
        meant = [one for one in free if one == name or one.partition(".")[2] == name]
        if natural and natural.unit:
            meant = [one for one in meant if _tells_unit(one, free[one])]
        if meant:
            return meant
    return []


def _names(field: str, importer: Importer) -> Iterator[str]:
    group = next((one for one in importer.groups if field.startswith(one)), "")
    plain = field.removeprefix(group)
    yield snake(plain)
    # RAGAS writes how a metric was set up behind its name: `factual_correctness(mode=f1)`.
    if "(" in plain:
        yield snake(plain.partition("(")[0])


def _tells_unit(signal: str, shape: Shape) -> bool:
    """Whether a signal says what its time is measured in; a bare `latency` could be anything."""
    return shape.unit in ("ms", "s") or signal.endswith(tuple(_UNITS))
