"""A policy's rules at a stage as generated Python.

`write_optimistic` gives `decide(record)`: the indices of the rules that fire, in order, or None
where the record needs the precise form. `write_precise` gives `conditions(record)`: a thunk for
each of some expressions, which returns the value or raises `EvaluationError`.
"""

from __future__ import annotations

from demur.backends.python import reading, support
from demur.backends.python.expressions import Writer
from demur.backends.python.verification import Fused, Verifier, fields_read, fused, iterates
from demur.policy import Policy, Rule, Shape, all_objects
from demur.tree import (
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Reference,
    Signal,
    children,
    walk,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

INDEX_FROM = 8
"""From how many rules on that test one signal for equality an index is worth its look-up."""
NESTED = 40
"""Brackets beyond which a definition has a variable of its own: Python reads some 200 within each other."""
_EQUALITIES = frozenset(("comparison.equals_string", "comparison.equals_int"))


class Generated:
    """Generated source and the objects it refers to; `function` compiles it."""

    __slots__ = ("name", "names", "source")

    def __init__(self, name: str, source: str, names: dict[str, Any]) -> None:
        self.name = name
        self.source = source
        self.names = names

    def function(self) -> Any:
        """The compiled function."""
        names = dict(self.names)
        exec(compile(self.source, f"<demur {self.name}>", "exec"), names)
        return names[self.name]


def reachable(policy: Policy, expressions: Iterable[Expression]) -> dict[str, Expression]:
    """The definitions that these expressions read, also through others, in the policy's order."""
    wanted: set[str] = set()
    pending = list(expressions)
    while pending:
        for node in walk(pending.pop()):
            if isinstance(node, Reference) and node.name not in wanted:
                wanted.add(node.name)
                pending.append(policy.definitions[node.name])
    return {name: tree for name, tree in policy.definitions.items() if name in wanted}


def signals_read(expressions: Iterable[Expression]) -> list[tuple[str, str]]:
    """The signals that these expressions read or ask for, each once, in order."""
    found = {
        (node.stage, node.name): None
        for expression in expressions
        for node in walk(expression)
        if isinstance(node, Signal)
    }
    return list(found)


def write_precise(policy: Policy, expressions: Sequence[Expression]) -> Generated:
    """`conditions(record)`: for each expression a thunk that gives its value or raises."""
    definitions = reachable(policy, expressions)
    everything = [*definitions.values(), *expressions]
    signals = signals_read(everything)
    shapes = all_objects(policy)

    def part(writer: Writer, node: Signal | Field, ask: str) -> str:
        if isinstance(node, Signal):
            shape = writer.bind(policy.stages[node.stage][node.name], "shape")
            return f"{ask}(record, {node.stage!r}, {node.name!r}, {shape})"
        name = node.operand.type[7:-1]
        shape = writer.bind((shapes[name].fields or {})[node.name], "shape")
        holder = writer.write(node.operand)
        return f"{ask}({holder}, {node.name!r}, {shape}, {f'{name}.{node.name}'!r})"

    def has_part(writer: Writer, node: Signal | Field) -> str:
        ask = reading.has_signal if isinstance(node, Signal) else reading.has_field
        return part(writer, node, writer.bind(ask, "has"))

    writer = Writer(
        optimistic=False,
        signals={signal: f"s{at}" for at, signal in enumerate(signals)},
        references={name: f"d{at}()" for at, name in enumerate(definitions)},
        parameters={name: value.value for name, value in policy.parameters.items()},
        read_field=lambda writer, node: part(writer, node, writer.bind(reading.read_field, "read")),
        has_part=has_part,
    )
    lines = ["def conditions(record):"]
    read = writer.bind(reading.read_signal, "read")
    for at, (stage, name) in enumerate(signals):
        shape = writer.bind(policy.stages[stage][name], "shape")
        lines.append(f"    s{at} = {read}(record, {stage!r}, {name!r}, {shape})")
    once = writer.support(support.Once)
    lines.extend(
        f"    d{at} = {once}(lambda: {writer.write(tree)})"
        for at, tree in enumerate(definitions.values())
    )
    thunks = "".join(f"        lambda: {writer.write(tree)},\n" for tree in expressions)
    lines.append(f"    return (\n{thunks}    )")
    return Generated("conditions", "\n".join(lines) + "\n", writer.names)


def write_optimistic(policy: Policy, rules: Sequence[Rule]) -> Generated:
    """`decide(record)`: the indices in `rules` of those that fire, or None for the precise form.

    The stages are asked in order, and what comes after the first that stops is not read.
    """
    conditions = [rule.condition for rule in rules]
    definitions = reachable(policy, conditions)
    everything = [*definitions.values(), *conditions]
    variables = {signal: f"s{at}" for at, signal in enumerate(signals_read(everything))}
    shapes = all_objects(policy)
    references: dict[str, str] = {}
    macros = _fusable(policy, everything)
    computed = {id(one.node): one.result for fused in macros.values() for one in fused}

    def read_field(writer: Writer, node: Field) -> str:
        holder = writer.write(node.operand)
        verified = verifier.part(holder, node.name)
        if verified is not None:
            return verified
        text = f"{holder}[{node.name!a}]"
        shape = (shapes[node.operand.type[7:-1]].fields or {})[node.name]
        return f"{writer.bind(reading.present, 'present')}({text})" if shape.optional else text

    def has_part(writer: Writer, node: Signal | Field) -> str:
        if isinstance(node, Signal):
            if not policy.stages[node.stage][node.name].optional:
                return "True"
            return f"({variables[node.stage, node.name]} is not None)"
        holder = writer.write(node.operand)
        return f"({holder}.get({node.name!a}) is not None)"

    present = "{0} if {0} is not None else present0()"
    writer = Writer(
        optimistic=True,
        signals={
            signal: f"({present.format(name)})"
            if policy.stages[signal[0]][signal[1]].optional
            else name
            for signal, name in variables.items()
        },
        references=references,
        parameters={name: value.value for name, value in policy.parameters.items()},
        read_field=read_field,
        has_part=has_part,
        computed=computed,
    )
    writer.names["present0"] = _absent
    verifier = Verifier(writer, fields_read(everything), macros)
    shared = _shared(definitions, conditions)
    numbers = {name: at for at, name in enumerate(definitions)}
    holders: dict[str, str] = {}
    verified: dict[tuple[str, str], str] = {}
    branches: list[str] = []
    lines = verifier.lines
    lines.append("    fired = ()")
    steps = by_stage(rules)
    for at, step in enumerate(steps):
        own = [rules[one].condition for one in step]
        needed = reachable(policy, own)
        for signal in signals_read([*needed.values(), *own]):
            if signal in verified:
                continue
            stage, name = signal
            if stage not in holders:
                holders[stage] = f"c{len(holders)}"
                lines.append(f"    {holders[stage]} = record[{stage!r}]")
            verified[signal] = variables[signal]
            shape = policy.stages[stage][name]
            verifier.signal(variables[signal], holders[stage], name, shape, f"{stage}.{name}")
        for name, tree in needed.items():
            if name in references:
                continue
            references[name] = text = writer.write(tree)
            if name in shared or text.count("(") + text.count("[") > NESTED:
                references[name] = f"d{numbers[name]}"
                lines.append(f"    {references[name]} = {text}")
        arguments = [
            *verified.values(),
            *(text for text in references.values() if text.isidentifier()),
            *(
                one.variable
                for path, fused in macros.items()
                for one in fused
                if tuple(path.split(".", 1)) in verified
            ),
        ]
        functions, body = _rules(writer, rules, step, at, variables, arguments)
        branches += functions
        lines += body
        if at < len(steps) - 1:
            lines += _stop(writer, rules, [one for earlier in steps[: at + 1] for one in earlier])
    lines.append(f"    return {_IN_FILE_ORDER}")
    source = [*branches, "def decide(record):", "  try:", *(f"  {line}" for line in lines)]
    source.append("  except Exception: return None")
    return Generated("decide", "\n".join(source) + "\n", writer.names)


def by_stage(rules: Sequence[Rule]) -> list[list[int]]:
    """The rules' places, in groups by the stage at which they are asked, in the stages' order."""
    found: dict[int, list[int]] = {}
    for at, rule in enumerate(rules):
        found.setdefault(rule.stage, []).append(at)
    return [found[stage] for stage in sorted(found)]


_IN_FILE_ORDER = "fired if len(fired) < 2 else tuple(sorted(fired))"


def _stop(writer: Writer, rules: Sequence[Rule], asked: Sequence[int]) -> list[str]:
    """Ends a stage: where one of the rules that fired so far stops, the later stages are not reached."""
    stopping = frozenset(one for one in asked if rules[one].response.stops)
    if not stopping:
        return []
    if len(stopping) == len(asked):
        return [f"    if fired: return {_IN_FILE_ORDER}"]
    stops = f"not {writer.bind(stopping, 'stopping')}.isdisjoint(fired)"
    return [f"    if fired and {stops}: return {_IN_FILE_ORDER}"]


def _fusable(policy: Policy, expressions: Sequence[Expression]) -> dict[str, tuple[Fused, ...]]:
    """The macros to compute in the loops of verification: over signals that are always there."""
    return {
        path: macros
        for path, macros in fused(expressions).items()
        if not _shape_at(policy, path).optional and iterates(_shape_at(policy, path))
    }


def _shape_at(policy: Policy, path: str) -> Shape:
    stage, _, name = path.partition(".")
    return policy.stages[stage][name]


def _absent() -> Any:
    raise reading.unknown("absent", "", "is absent")


def _shared(definitions: dict[str, Expression], conditions: list[Expression]) -> set[str]:
    """The definitions worth a variable: read more than once, or from within a comprehension."""
    counts: dict[str, int] = {}

    def count(node: Expression, weight: int) -> None:
        if isinstance(node, Reference):
            counts[node.name] = counts.get(node.name, 0) + weight
        inner = 2 if isinstance(node, Comprehension) else weight
        for child in children(node):
            count(child, inner)

    for tree in (*definitions.values(), *conditions):
        count(tree, 1)
    return {name for name, times in counts.items() if times > 1}


def _rules(
    writer: Writer,
    rules: Sequence[Rule],
    step: Sequence[int],
    number: int,
    variables: dict[tuple[str, str], str],
    arguments: list[str],
) -> tuple[list[str], list[str]]:
    """Functions of indexed rules, and the statements that find which rules of a step fire."""
    signal, groups = _index(rules, step)
    indexed = {at for group in groups.values() for at, _ in group}
    branches: list[str] = []
    table: dict[Any, str] = {}
    parameters = ", ".join(arguments)
    for position, (value, group) in enumerate(groups.items()):
        table[value] = f"branch{number}_{position}"
        branches.append(f"def {table[value]}({parameters}):")
        branches.append("    fired = ()")
        for at, rest in group:
            test = " and ".join(map(writer.condition, rest)) or "True"
            branches.append(f"    if {test}: fired += ({at},)")
        branches.append("    return fired")
    body = [
        f"    if {writer.condition(rules[at].condition)}: fired += ({at},)"
        for at in step
        if at not in indexed
    ]
    if signal is None:
        return branches, body
    entries = ", ".join(f"{value!a}: {name}" for value, name in table.items())
    branches.append(f"index{number} = {{{entries}}}")
    body.append(f"    branch = index{number}.get({variables[signal]})")
    body.append(f"    if branch is not None: fired += branch({parameters})")
    return branches, body


Group = "list[tuple[int, list[Expression]]]"


def _index(
    rules: Sequence[Rule], step: Sequence[int]
) -> tuple[tuple[str, str] | None, dict[Any, list[tuple[int, list[Expression]]]]]:
    """The signal that most rules of a step test for equality, and those by the constant they test for."""
    candidates: dict[tuple[str, str], dict[Any, list[tuple[int, list[Expression]]]]] = {}
    for at in step:
        for signal, value, rest in _equality_tests(rules[at].condition):
            candidates.setdefault(signal, {}).setdefault(value, []).append((at, rest))
    sizes = {signal: sum(map(len, groups.values())) for signal, groups in candidates.items()}
    best = max(sizes, key=lambda signal: sizes[signal], default=None)
    if best is None or sizes[best] < INDEX_FROM:
        return None, {}
    return best, candidates[best]


def _equality_tests(
    condition: Expression,
) -> list[tuple[tuple[str, str], Any, list[Expression]]]:
    """Each `signal == constant` that must hold for the condition to, and what else must."""
    conjuncts = [condition]
    if isinstance(condition, Call) and condition.function == "logic.and":
        conjuncts = list(condition.arguments)
    found: list[tuple[tuple[str, str], Any, list[Expression]]] = []
    seen: set[tuple[str, str]] = set()
    for at, part in enumerate(conjuncts):
        if isinstance(part, Call) and part.function in _EQUALITIES:
            left, right = part.arguments
            if isinstance(left, Constant):
                left, right = right, left
            if isinstance(left, Signal) and isinstance(right, Constant):
                signal = (left.stage, left.name)
                if signal not in seen:
                    seen.add(signal)
                    rest = conjuncts[:at] + conjuncts[at + 1 :]
                    found.append((signal, right.value, rest))
    return found
