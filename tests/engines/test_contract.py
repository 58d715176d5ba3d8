"""The table of functions is true: what an engine is said to compute it computes as CEL does.

Every operand is a signal of a record, so that the engine computes and no compiler folds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from demur.backends.ibis.functions import NATIVE, Native, support
from demur.cel.check import check
from demur.cel.environment import Environment
from demur.cel.parse import parse
from demur.functions import ERROR, families, find
from demur.measure.deciding import decided
from demur.measure.plan import Builder, Plan, plan
from demur.measure.records.opening import open_records
from demur.measure.records.python_columns import row_evaluator
from demur.measure.records.relation import Relation
from demur.policy import Policy, Shape
from demur.runtime.aggregates import Metrics
from demur.runtime.evaluator import Evaluator
from demur.tree import Call, Constant, Expression, Signal, rebuilt, walk
from demur.types import Type, parse_signature, parse_type
from tests.engines.conftest import ENGINES

NAMES = {"duckdb": "duckdb", "spark": "pyspark", "postgres": "postgres"}
OVERLOADS = [
    one.identifier
    for table in families().values()
    for function in table
    for one in function.overloads
]
each_engine = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(one, marks=[pytest.mark.xdist_group("spark")] if one == "spark" else [])
        for one in ENGINES
    ],
    indirect=True,
)

Record = Mapping[str, Any]
VALUES: dict[str, list[Any]] = {
    "bool": [True, False, None],
    "int": [0, 1, -1, 7, 2**31, 2**53 + 1, 2**62, -(2**62), 2**63 - 1, -(2**63), None],
    "double": [0.0, -0.0, 0.1, -2.5, 1.5, 1e308, -1e308, 5e-324, 2.0**63, 1e21, None],
    "string": ["", "a", "A", "b", "ab", "é", "e\u0301", "\U0001f600", "\uffff", "%", "_", "\\", "a%", None],
    "list(int)": [[], [0], [7, -1], [2**63 - 1, -(2**63)], [1, None], None],
    "list(double)": [[], [0.5], [-0.0, 0.0], [1e308, -1e308, 2.5], [None], None],
    "list(string)": [[], [""], ["a", "é", "\uffff", "\U0001f600"], ["b", "B", "_"], ["a", None], None],
    "list(bool)": [[], [True], [False, True], None],
}  # fmt: skip
"""The ends and oddities of each type; None is unknown, and a list with None is too."""


def shape(type: Type) -> Shape:
    return Shape("list", of=shape(type.parameters[0])) if type.name == "list" else Shape(type.name)


@dataclass(frozen=True)
class Contract:
    """Expressions over signals of the stage `s`, on an engine and in Python."""

    evaluator: Evaluator
    plan: Plan
    relation: Relation

    def left(self) -> dict[int, str]:
        """What the engine leaves to Python, by the expression's number, and why."""
        found = Builder(self.plan, self.relation, {}).build().fallbacks
        return {int(name.removeprefix("column ")): reason for name, reason in found.items()}

    def on_engine(self) -> list[list[Any]]:
        """Each record's values."""
        table = decided(self.plan, self.relation).table
        # As text, because Spark's rows come through pandas, where an int beside NULL is a double.
        columns = {
            f"x{at}": table[f"x{at}"].cast("string") if tree.type == "int" else table[f"x{at}"]
            for at, tree in enumerate(self.plan.metrics.columns)
        }
        rows = table.select(id=table["id"], **columns).to_pyarrow().to_pylist()
        return [[row[name] for name in columns] for row in sorted(rows, key=lambda row: row["id"])]

    def in_python(self, record: Record) -> list[Any]:
        """A record's values."""
        return row_evaluator(self.evaluator, [], list(self.plan.metrics.columns))({"s": record})


def contract(
    connection: Any,
    folder: Path,
    signals: Mapping[str, str],
    trees: Sequence[Expression],
    records: Sequence[Record],
) -> Contract:
    policy = Policy(
        language=1, name="contract", version=None, about="", owner="", runbook=None,
        stages={"s": {name: shape(parse_type(type)) for name, type in signals.items()}},
        outcome={}, parameters={}, definitions={}, failures={}, rules=(), evaluation={},
    )  # fmt: skip
    evaluator = Evaluator(policy, "contract")
    path = folder / "records.jsonl"
    lines = (json.dumps({"id": f"{at:06}", "s": one}) for at, one in enumerate(records))
    path.write_text("\n".join(lines), "utf-8")
    made = plan(evaluator, Metrics(tuple(trees), (), {}), ())
    relation = open_records(connection, [str(path)], made.wanted, dict(policy.stages))
    return Contract(evaluator, made, relation)


def same(found: Any, expected: Any, type: str) -> bool:
    if found is None or expected is None:
        # An engine's rows may come through pandas, where a NULL double is a NaN.
        return found is expected or (expected is None and type == "double" and math.isnan(found))
    if type == "int":
        return found == str(int(expected))
    if type == "double" and math.isnan(expected):
        return math.isnan(found)
    # Of two zeros either may be the greatest; CEL holds them equal.
    return found == expected


def native_on(engine: str) -> list[str]:
    return [one for one in NATIVE if isinstance(support(one, engine), Native)]


@pytest.mark.parametrize("engine", NAMES.values())
def test_every_overload_is_native_or_has_a_reason(engine: str) -> None:
    assert set(NATIVE) <= set(OVERLOADS)
    for identifier in OVERLOADS:
        answer = support(identifier, engine)
        assert isinstance(answer, Native) or len(answer.partition(": ")[2]) > 10, identifier


def calls(engine: str) -> Iterator[tuple[str, list[Expression], Expression]]:
    """A call of each native overload on signals named by type and place; patterns are constants."""
    for identifier in native_on(engine):
        signature = parse_signature(find(identifier).signature)
        names = [str(one).replace("A", "string") for one in signature.parameters]
        arguments: list[Expression] = [
            Signal("s", f"{'abb'[at]}_{name}".replace("(", "_").rstrip(")"), name)
            for at, name in enumerate(names)
        ]
        if identifier.startswith("regular_expressions."):
            arguments[1] = Constant("^[a-zé]|\\d$", "string")
        if identifier.startswith("limits."):
            arguments[1] = Constant(2, "int")
        result = str(signature.result).replace("A", "string")
        yield identifier, arguments, Call(identifier, tuple(arguments), result)


@each_engine
def test_native_functions_agree_on_the_ends_of_their_types(engine: Any, tmp_path: Path) -> None:
    wanted = list(calls(engine.name))
    signals = {
        one.name: one.type for _, parts, _ in wanted for one in parts if isinstance(one, Signal)
    }
    pairs = {
        name: list(product(VALUES[name], repeat=2))
        for name in VALUES
        if not name.startswith("list")
    }
    inner = {name: VALUES[name] for name in VALUES if name.startswith("list")}
    height = max(map(len, pairs.values()))
    records: list[dict[str, Any]] = []
    for at in range(height):
        record: dict[str, Any] = {}
        for name, type in signals.items():
            if type in inner:
                # Beside each first operand there is each list.
                record[name] = inner[type][(at + at // 7) % len(inner[type])]
            else:
                record[name] = pairs[type][at % len(pairs[type])]["ab".index(name[0])]
        records.append({name: value for name, value in record.items() if value is not None})
    trees = [tree for _, _, tree in wanted]
    made = contract(engine, tmp_path, signals, trees, records)
    assert made.left() == {}
    for record, mine in zip(records, made.on_engine(), strict=True):
        theirs = made.in_python(record)
        for (identifier, arguments, tree), one, other in zip(wanted, mine, theirs, strict=True):
            given = [record.get(getattr(part, "name", "")) for part in arguments]
            assert same(one, other, tree.type), (identifier, given, one, other)


def examples() -> Iterator[tuple[str, Expression, Any]]:
    """Each example with its constants as signals, whose values are in the record beside it."""
    for table in families().values():
        for function in table:
            for text, result in function.examples:
                if function.scope == "anywhere":
                    yield text, check(text, parse(text), Environment())[0], result


def through_signals(
    tree: Expression, signals: dict[str, str], record: dict[str, Any]
) -> Expression:
    """The tree with a signal for each constant that a record can hold."""

    def change(node: Expression) -> Expression:
        if isinstance(node, Constant) and node.type in ("bool", "int", "double", "string"):
            if isinstance(node.value, float) and not math.isfinite(node.value):
                return node
            name = f"e{len(signals)}"
            signals[name], record[name] = node.type, node.value
            return Signal("s", name, node.type)
        return rebuilt(node, change)

    return change(tree)


def is_native(tree: Expression, engine: str) -> bool:
    """Whether the expression is made of nothing but native calls on signals."""
    nodes = list(walk(tree))
    functions = {node.function for node in nodes if isinstance(node, Call)}
    # A pattern that is computed is matched in Python.
    return (
        all(isinstance(node, Call | Signal) for node in nodes)
        and all(isinstance(support(one, engine), Native) for one in functions)
        and not any(one.startswith("regular_expressions.") for one in functions)
    )


SIMPLE = frozenset(("bool", "int", "double", "string"))
NOT_A_NUMBER = "0.0 / 0.0"


@each_engine
def test_the_examples_hold_on_the_engine(engine: Any, tmp_path: Path) -> None:
    signals: dict[str, str] = {}
    record: dict[str, Any] = {}
    every: list[tuple[str, Expression, Any]] = []
    for text, tree, result in examples():
        # A policy never compares NaN, on which engines and CEL do not agree.
        if tree.type in SIMPLE and NOT_A_NUMBER not in text:
            every.append((text, through_signals(tree, signals, record), result))
    whole = contract(engine, tmp_path, signals, [tree for _, tree, _ in every], [record])
    left = whole.left()
    for at, (text, tree, _) in enumerate(every):
        assert at not in left or not is_native(tree, engine.name), (text, left.get(at))
    wanted = [one for at, one in enumerate(every) if at not in left]
    assert len(wanted) >= 10
    made = contract(engine, tmp_path, signals, [tree for _, tree, _ in wanted], [record])
    (found,) = made.on_engine()
    expected = made.in_python(record)
    for (text, tree, result), one, other in zip(wanted, found, expected, strict=True):
        assert same(one, other, tree.type), (text, one, other)
        assert (other is None) == (result is ERROR), text
