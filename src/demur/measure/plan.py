"""Records decided on an engine: signals, definitions, rules, the decision, what each metric reads.

Each stage is a projection over the one before, so an engine computes what several rules share once.
What it cannot express exactly becomes a column that Python computes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import ibis
from ibis.expr.operations import Field, Value

from demur.backends.ibis.decisions import DecisionColumns, Line
from demur.backends.ibis.functions import Column, mapped, negated
from demur.backends.ibis.lowering import Scope, Unsupported, known, lower
from demur.backends.python.decisions import reachable
from demur.measure.column_types import column_type, text_of
from demur.measure.naming import Naming, new_key, personal_dimensions
from demur.measure.records.python_columns import ARROW, row_evaluator
from demur.measure.records.relation import (
    ASKED,
    BROKE_OFF,
    IDENTITY,
    PRESENT,
    TIME,
    Relation,
    Wanted,
    has_column_type,
    wanted,
)
from demur.policy import all_objects, type_of
from demur.runtime.aggregates import (
    DECISION,
    FURTHER,
    NOT_REACHED,
    Metrics,
    policy_of_records,
    reached,
)
from demur.runtime.derivation import derived_signals
from demur.runtime.evaluator import Evaluator
from demur.tree import Expression, Has, Signal, walk

Units = Mapping[str, Expression]
"""What is computed of each record, by a name for people: conditions of rules, values of metrics."""
DERIVED = "signal "
"""What begins the name of a unit that is a derived signal; its path follows."""


@dataclass(frozen=True)
class Plan:
    """What is computed of records: rules' conditions, metrics' columns, slices' dimensions.

    `recorded` says that decisions are those that the records hold, and none is made afresh. `naming` says
    how slices are called.
    """

    evaluator: Evaluator
    metrics: Metrics
    dimensions: tuple[str, ...]
    conditions: Units
    values: Units
    wanted: Wanted
    recorded: bool = False
    naming: Naming = field(default_factory=Naming)

    def row(self, names: tuple[str, ...]) -> Any:
        """What computes the named units of a record in Python."""
        return row_evaluator(
            self.evaluator,
            [tree for name, tree in self.conditions.items() if name in names],
            [tree for name, tree in self.values.items() if name in names],
            recorded=self.recorded,
        )


@dataclass(frozen=True)
class Decided:
    """The decided records: a table with `id`, `action`, `rule`, `failure`, and columns by number.

    `x0`, `x1`, … are the metrics' columns; `d0`, `d1`, … the dimensions, as text or lists of text,
    NULL where unknown; `failure:NAME` is whether the record counts as that failure. `fallbacks` say
    what Python computed, and why; `computed` are the columns of the relation that it filled, by unit.
    """

    relation: Relation
    table: Any
    lists: frozenset[int]
    fallbacks: Mapping[str, str] = field(default_factory=dict[str, str])
    computed: Mapping[str, str] = field(default_factory=dict[str, str])


def plan(
    evaluator: Evaluator,
    metrics: Metrics,
    dimensions: tuple[str, ...],
    *,
    recorded: bool = False,
    key: bytes = b"",
) -> Plan:
    """What is to be computed. Where decisions are `recorded`, the records' times are read too.

    With the same `key` as another plan, slices by personal values have the same names.
    """
    policy = evaluator.policy
    rules = () if recorded else policy.rules
    conditions = {f"rule {rule.name}": rule.condition for rule in rules}
    values = {f"column {at}": tree for at, tree in enumerate(metrics.columns)}
    values |= {f"{CAME_TO}{stage}": reached(policy, stage) for stage in list(policy.stages)[1:]}
    for name in dimensions:
        stage, _, signal = name.partition(".")
        values[f"slice {name}"] = Signal(stage, signal, _type_of(name, evaluator))
    trees = [*conditions.values(), *values.values()]
    wanted_too = derived_signals(policy, trees)
    derived = {
        (stage, name): Signal(stage, name, _type_of(f"{stage}.{name}", evaluator))
        for stage, name in policy.derived
        if (stage, name) in wanted_too
    }
    values |= {f"{DERIVED}{stage}.{name}": one for (stage, name), one in derived.items()}
    trees += [*derived.values(), *(policy.derived[one] for one in derived)]
    # Whether a record brings a derived signal must be known even where it is malformed.
    read = [*trees, *reachable(policy, trees).values(), *map(Has, derived.values())]
    if not recorded:
        # Of what is unknown a report says whether it was there.
        read += [
            Has(node)
            for tree in read
            for node in walk(tree)
            if isinstance(node, Signal) and node.stage != "decision"
        ]
    if recorded:
        recorded_parts = {
            f"decision {name}": Signal("decision", name, type_of(DECISION[name], name))
            for name in (*_NAMES, "failures", "stage")
        }
        values |= recorded_parts
        read += recorded_parts.values()
        found = replace(wanted(policy_of_records(policy), read), timed=True)
    else:
        found = wanted(policy, read)
    naming = Naming(personal_dimensions(policy, dimensions), key or new_key())
    return Plan(evaluator, metrics, dimensions, conditions, values, found, recorded, naming)


LACKED = "absent:"
"""What begins the name of a column that says whether a signal is absent; its path follows."""
CAME_TO = "reached "
"""What begins the name of a unit that says whether a record came to a stage; its name follows."""
_NAMES = ("action", "rule", "failure")
"""The parts of a decision that every decided record has as columns of text."""


def _type_of(name: str, evaluator: Evaluator) -> str:
    stage, _, signal = name.partition(".")
    return type_of(policy_of_records(evaluator.policy).stages[stage][signal], name)


def must_be_brought(plan: Plan, path: str) -> bool:
    """Whether a record must have the signal: it is neither optional, nor derived, nor of the decision."""
    stage, _, name = path.partition(".")
    derived = (stage, name) in plan.evaluator.policy.derived
    return stage != "decision" and not derived and not plan.wanted.shapes[path].optional


class Builder:
    """The projections over one relation; `computed` are the units that Python computed, by column."""

    def __init__(self, plan: Plan, relation: Relation, computed: Mapping[str, str]) -> None:
        self.plan = plan
        self.relation = relation
        self.computed = computed
        self.unsupported: dict[str, str] = {}
        self.table = relation.table
        self.signals: dict[str, Unsupported | str] = {}
        self._definitions: dict[str, Unsupported | str] = {}
        policy = plan.evaluator.policy
        self._decisions: DecisionColumns | None = None
        self._copies: dict[str, str] = {}
        self._told: dict[str, Any] = {}
        self._objects = all_objects(policy)

    def build(self) -> Decided:
        """All stages, one after another."""
        self.know_signals()
        self._define()
        self._decide()
        return self._select()

    def know_signals(self) -> None:
        """Adds to the table each signal's known value, by the names in `signals`."""
        columns: dict[str, Column] = {}
        for path, shape in self.plan.wanted.shapes.items():
            if path in self.relation.texts or not has_column_type(shape):
                reason = f"{path}: the engine has no type that loses nothing of these values"
                self.signals[path] = Unsupported(reason)
                continue
            try:
                columns[f"{path}!"] = known(self.table[path], shape, self.relation.connection.name)
                self.signals[path] = f"{path}!"
            except Unsupported as reason:
                self.signals[path] = reason
        self.table = self.table.mutate(**columns)
        self._derive()

    def _derive(self) -> None:
        """Derived signals are Python's, so that what reads them need not be."""
        derived = [name for name in self.plan.values if name.startswith(DERIVED)]
        for name in derived:
            path = name.removeprefix(DERIVED)
            self.signals[path] = Unsupported(f"{path}: it is derived")
        for name in derived:
            path = name.removeprefix(DERIVED)
            shape = self.plan.wanted.shapes[path]
            if not has_column_type(shape) or self.plan.values[name].type not in ARROW:
                continue
            column = self._unit(name, self.plan.values[name])
            self.table = self.table.mutate(**{f"{path}!": column})
            self.signals[path] = f"{path}!"

    def _define(self) -> None:
        policy = self.plan.evaluator.policy
        needed = reachable(policy, [*self.plan.conditions.values(), *self.plan.values.values()])
        for name, tree in needed.items():
            try:
                column = lower(tree, self._scope())
            except Unsupported as reason:
                self._definitions[name] = reason
                continue
            self.table = self.table.mutate(**{f"define {name}": column})
            self._definitions[name] = f"define {name}"

    def _decide(self) -> None:
        if self.plan.recorded:
            return
        conditions = {name: self._unit(name, tree) for name, tree in self.plan.conditions.items()}
        if conditions:
            self.table = self.table.mutate(**conditions)
        self._decisions = self._decision_columns()
        self.table = self.table.mutate(rank=self._decisions.rank())
        self._decisions = self._decision_columns()

    def _decision_columns(self) -> DecisionColumns:
        policy = self.plan.evaluator.policy
        columns = [self.table[name] for name in self.plan.conditions]
        return DecisionColumns(policy.rules, columns, tuple(policy.stages), self._line())

    def _line(self) -> Line | None:
        """How far the lines of a journal say that their requests went; None of other records."""
        if ASKED not in self.table.columns:
            return None
        stages = list(self.plan.evaluator.policy.stages)
        said = self.table[ASKED]
        # Text that the engine cannot hold as it is, is there as JSON.
        branches = [(said.isin([name, f'"{name}"']), at) for at, name in enumerate(stages)]
        last = max(len(stages) - 1, 0)
        asked: Column = ibis.cases(*branches, else_=last) if branches else ibis.literal(last)
        return Line(asked, self.table[BROKE_OFF].fill_null(False))

    def _select(self) -> Decided:
        columns: dict[str, Column] = {IDENTITY: self.table[IDENTITY]}
        if self.plan.wanted.timed:
            columns[TIME] = self.table[TIME]
        if self._decisions is None:
            columns |= {name: self._recorded(name).fill_null("") for name in _NAMES}
        else:
            columns["rank"] = self.table.rank
            columns |= {name: self._decisions.column(name, self.table.rank) for name in _NAMES}
        for name in self.plan.evaluator.policy.failures:
            columns[f"failure:{name}"] = self._counts_as(name)
        if not self.plan.recorded:
            columns |= self._absences()
        for at, tree in enumerate(self.plan.metrics.columns):
            columns[f"x{at}"] = self._unit(f"column {at}", tree)
        lists: set[int] = set()
        for at, name in enumerate(self.plan.dimensions):
            column = self._unit(f"slice {name}", self.plan.values[f"slice {name}"])
            if column.type().is_array():
                lists.add(at)
                column = mapped(column, text_of, self.relation.connection.name)
            columns[f"d{at}"] = self._slice(
                name, column if column.type().is_array() else text_of(column)
            )
        table = self.table.select(**self._stored(columns))
        return Decided(self.relation, table, frozenset(lists), dict(self.unsupported))

    def _absences(self) -> dict[str, Column]:
        """Which signals that must be there each record lacks, of the stages that it came to."""
        found: dict[str, Column] = {}
        for path in self.plan.wanted.shapes:
            if must_be_brought(self.plan, path):
                absent, came = negated(self.table[path + PRESENT]), self.came_to(path)
                found[f"{LACKED}{path}"] = absent if came is None else absent & came.fill_null(True)
        return found

    def came_to(self, path: str) -> Column | None:
        """Whether a record came to the signal's stage; None where each did."""
        stage = path.partition(".")[0]
        unit = f"{CAME_TO}{stage}"
        return self._unit(unit, self.plan.values[unit]) if unit in self.plan.values else None

    def _slice(self, name: str, value: Column) -> Column:
        """The dimension's value, or the mark of a record that did not come to its stage."""
        came = self.came_to(name)
        if came is None:
            return value
        mark: Column = ibis.literal(NOT_REACHED)
        if value.type().is_array():
            mark = ibis.array([mark])
        return ibis.cases((negated(came), mark), (came, value), else_=ibis.null(value.type()))

    def _stored(self, columns: Mapping[str, Column]) -> dict[str, Column]:
        """The columns that must be stored: each once, and none of those that the rank tells."""
        names: dict[Any, str] = {}
        kept: dict[str, Column] = {}
        for name, column in columns.items():
            node = column.op()
            first = names.setdefault(node, name)
            if first != name:
                self._copies[name] = first
            elif name != "rank" and self._is_told_by_rank(node):
                self._told[name] = node
            else:
                kept[name] = column
        return kept

    def _is_told_by_rank(self, node: Any) -> bool:
        if self._decisions is None:
            return False
        return set(node.find(Field, filter=Value)) == {self.table.rank.op()}

    def named(self, table: Any) -> Any:
        """The stored table with every column: those that the rank tells, and what was stored once."""
        if self._decisions is not None:
            rank = {self.table.rank.op(): table.rank.op()}
            told = {name: node.replace(rank).to_expr() for name, node in self._told.items()}
            table = table.mutate(**told).drop("rank")
        return table.mutate(**{name: table[first] for name, first in self._copies.items()})

    def _counts_as(self, failure: str) -> Column:
        if self._decisions is not None:
            return self._decisions.has_member("failures", failure, self.table.rank)
        return self._recorded("failures").contains(failure).fill_null(False)

    def _recorded(self, name: str) -> Column:
        """A part of the decision that a record holds."""
        unit = f"decision {name}"
        return self._unit(unit, self.plan.values[unit])

    def _unit(self, name: str, tree: Expression) -> Column:
        """The unit's column: the engine's, or else Python's, which is NULL until it is computed."""
        if name in self.computed:
            return self.table[self.computed[name]]
        try:
            return lower(tree, self._scope())
        except Unsupported as reason:
            self.unsupported[name] = str(reason)
            return ibis.null(column_type(tree.type))

    def _scope(self) -> Scope:
        policy = self.plan.evaluator.policy
        return Scope(
            engine=self.relation.connection.name,
            signals=self._signal,
            present=lambda stage, name: self.table[f"{stage}.{name}{PRESENT}"],
            shapes=self.plan.wanted.shapes,
            objects=self._objects,
            parameters=policy.parameters,
            definitions={
                name: found if isinstance(found, Unsupported) else self.table[found]
                for name, found in self._definitions.items()
            },
            has_member=lambda name, value: (
                None
                if self._decisions is None
                else self._decisions.has_member(name, value, self.table.rank)
            ),
            came_to=self._came_to_one_of,
        )

    def _came_to_one_of(self, names: Sequence[str]) -> Column | None:
        stages = list(self.plan.evaluator.policy.stages)
        if self._decisions is None or list(names) != stages[-len(names) :]:
            return None
        return self._decisions.reached(len(stages) - len(names), self.table.rank)

    def _signal(self, stage: str, name: str) -> Column:
        if stage == "decision" and self._decisions is not None:
            return self._decisions.column(name, self.table.rank)
        if (stage, name) == ("decision", FURTHER):
            return ibis.literal(False)
        found = self.signals[f"{stage}.{name}"]
        if isinstance(found, Unsupported):
            raise found
        return self.table[found]
