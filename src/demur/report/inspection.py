"""What a compiled policy holds, as data and as text for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from click import style

from demur.backends.python.decisions import (
    reachable,
    signals_read,
    write_optimistic,
    write_precise,
)
from demur.cel.render import render
from demur.functions import extensions
from demur.interop.escaping import printable
from demur.policy import ParameterValue, Policy, Response, Rule, Shape
from demur.runtime.decision import display, plain
from demur.runtime.encoding import read_expression
from demur.runtime.evaluator import Evaluator
from demur.tree import Call, Constant, Expression, walk

_INDENT = "  "


def source(evaluator: Evaluator, stage: str | None = None) -> str:
    """The generated Python that decides at `stage`, the last by default: both its forms."""
    rules = evaluator.rules_at(stage)
    quick = write_optimistic(evaluator.policy, rules).source
    precise = write_precise(evaluator.policy, [rule.condition for rule in rules]).source
    return (
        f"# Tried first: takes every signal for known, and gives up where one is not.\n{quick}\n\n"
        f"# Where the first gave up: each condition's value, or why it has none.\n{precise}"
    )


def inspect(evaluator: Evaluator, stage: str | None = None) -> dict[str, Any]:
    """The policy as JSON data; with `stage`, of the rules only those that run there.

    What has no order is sorted by name, as bundles are, so that a policy file and its bundle are
    shown alike.
    """
    policy = evaluator.policy
    rules = policy.rules if stage is None else evaluator.rules_at(stage)
    readers: dict[tuple[str, str], list[str]] = {}
    for rule in policy.rules:
        for signal in _signals(policy, (rule.condition,)):
            readers.setdefault(signal, []).append(rule.name)
    return {
        "policy": policy.name,
        "version": policy.version,
        "digest": evaluator.digest,
        "about": policy.about,
        "owner": policy.owner,
        "runbook": policy.runbook,
        "language": policy.language,
        "requires": [
            {"function": name, "package": extensions.package(name)} for name in policy.requires
        ],
        "stages": [
            {
                "name": name,
                "signals": [
                    {
                        **_signal(signal, shape),
                        "derive": _derivation(policy, name, signal),
                        "read_by": readers.get((name, signal), []),
                    }
                    for signal, shape in sorted(signals.items())
                ],
            }
            for name, signals in policy.stages.items()
        ],
        "outcome": [_signal(name, shape) for name, shape in sorted(policy.outcome.items())],
        "params": [_parameter(name, one) for name, one in sorted(policy.parameters.items())],
        "define": [
            {
                "name": name,
                "type": tree.type,
                "expression": render(tree, policy.definitions),
                "patterns": _patterns((tree,)),
            }
            for name, tree in policy.definitions.items()
            if not name.startswith("@")
        ],
        "failures": _ordered(policy.failures),
        "rules": [_rule(policy, rule) for rule in rules],
        **_evaluation(policy),
    }


def _evaluation(policy: Policy) -> dict[str, Any]:
    """What is judged over many records: suites, gates and alerts as written, the rest as CEL."""
    settings = policy.evaluation.get("settings", {})
    metrics = policy.evaluation.get("metrics", {})
    invariants = policy.evaluation.get("invariants", {})
    return {
        "metrics": {
            name: render(read_expression(tree), policy.definitions)
            for name, tree in sorted(metrics.items())
        },
        **{
            section: _ordered(settings.get(section, {}))
            for section in ("suites", "gates", "alerts")
        },
        "invariants": {
            name: {
                "kind": one["kind"],
                "condition": render(read_expression(one["condition"]), policy.definitions),
            }
            for name, one in sorted(invariants.items())
        },
    }


def _ordered(data: Any) -> Any:
    """JSON data with the keys of its objects sorted."""
    if isinstance(data, Mapping):
        objects = cast("Mapping[str, Any]", data)
        return {name: _ordered(objects[name]) for name in sorted(objects)}
    if isinstance(data, list | tuple):
        return [_ordered(part) for part in cast("Sequence[Any]", data)]
    return data


def _signals(policy: Policy, trees: Iterable[Expression]) -> list[tuple[str, str]]:
    """The signals that the expressions read, also through definitions."""
    everything = tuple(trees)
    return signals_read((*reachable(policy, everything).values(), *everything))


def _signal(name: str, shape: Shape) -> dict[str, Any]:
    return {
        "name": name,
        "type": _type(shape),
        "enum": None if shape.enum is None else list(shape.enum),
        "minimum": shape.minimum,
        "maximum": shape.maximum,
        "max_size": shape.maximum_size,
        "optional": shape.optional,
        "pii": shape.pii,
        "unit": shape.unit,
        "otel": shape.otel,
        "zone": shape.zone,
    }


def _derivation(policy: Policy, stage: str, name: str) -> str | None:
    """What computes the signal where a record does not bring it, as CEL."""
    tree = policy.derived.get((stage, name))
    return None if tree is None else render(tree, policy.definitions)


def _type(shape: Shape) -> str:
    if shape.fields is not None:
        fields = (f"{name}: {_type(field)}" for name, field in sorted(shape.fields.items()))
        return f"{{{', '.join(fields)}}}"
    if shape.of is not None:
        return f"{shape.type}({_type(shape.of)})"
    return shape.type


def _parameter(name: str, one: ParameterValue) -> dict[str, Any]:
    return {
        "name": name,
        "type": one.type,
        "value": plain(one.value),
        "minimum": one.minimum,
        "maximum": one.maximum,
    }


def _rule(policy: Policy, rule: Rule) -> dict[str, Any]:
    stages = tuple(policy.stages)
    trees = (*reachable(policy, (rule.condition,)).values(), rule.condition)
    return {
        "name": rule.name,
        "section": rule.section,
        "stage": stages[rule.stage] if 0 <= rule.stage < len(stages) else None,
        "when": render(rule.condition, policy.definitions),
        "reads": [".".join(signal) for signal in _signals(policy, (rule.condition,))],
        "patterns": _patterns(trees),
        **_response(policy, rule.response),
        "on_unknown": None if rule.on_unknown is None else _response(policy, rule.on_unknown),
    }


def _response(policy: Policy, response: Response) -> dict[str, Any]:
    return {
        "then": response.action,
        "failure": response.failure,
        "say": _template(policy, response.say),
        "why": _template(policy, response.why),
    }


def _template(policy: Policy, text: tuple[str | Expression, ...]) -> str | None:
    """A message as a policy file writes it."""
    parts = (
        part if isinstance(part, str) else f"{{{{{render(part, policy.definitions)}}}}}"
        for part in text
    )
    return "".join(parts) or None


def _patterns(trees: Iterable[Expression]) -> list[str]:
    """The regular expressions in the trees, each once: the second argument of what matches."""
    found = {
        node.arguments[1].value: None
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Call)
        and _takes_pattern(node)
        and isinstance(node.arguments[1], Constant)
    }
    return list(found)


def _takes_pattern(node: Call) -> bool:
    family, _, name = node.function.partition("|")[0].partition(".")
    return len(node.arguments) > 1 and (name.startswith("matches") or family == "regex")


def draw(facts: Mapping[str, Any]) -> str:
    """The data of `inspect` as text."""
    facts = _shown(facts)
    version = f" {facts['version']}" if facts["version"] else ""
    lines = [f"{style(facts['policy'], bold=True)}{version}", facts["about"]]
    lines.extend(
        f"{name:<9}{facts[name]}" for name in ("digest", "owner", "runbook") if facts[name]
    )
    if facts["requires"]:
        lines += ["", _heading("functions of other packages")]
        lines += (
            f"{_INDENT}{one['function']}{_in_brackets(one['package'])}" for one in facts["requires"]
        )
    for stage in facts["stages"]:
        lines += ["", _heading(f"stage {stage['name']}"), *map(_signal_line, stage["signals"])]
    if facts["outcome"]:
        lines += ["", _heading("outcome (known afterwards; no rule reads it)")]
        lines += map(_signal_line, facts["outcome"])
    if facts["params"]:
        lines += ["", _heading("params")]
        lines += (
            f"{_INDENT}{one['name']} = {display(one['value'])}"
            f"{_in_brackets(one['type'], *_bounds(one))}"
            for one in facts["params"]
        )
    if facts["define"]:
        lines += ["", _heading("define")]
        lines += (f"{_INDENT}{one['name']}: {one['expression']}" for one in facts["define"])
    if facts["failures"]:
        lines += ["", _heading("failures")]
        lines += (
            f"{_INDENT}{name}{_in_brackets(about.get('severity'))}"
            for name, about in facts["failures"].items()
        )
    for section in ("scope", "rules"):
        rules = [one for one in facts["rules"] if one["section"] == section]
        if rules:
            lines += ["", _heading(section), *(line for one in rules for line in _rule_lines(one))]
    if facts["metrics"]:
        lines += ["", _heading("metrics")]
        lines += (f"{_INDENT}{name}: {text}" for name, text in facts["metrics"].items())
    for section in ("suites", "gates", "alerts"):
        if facts[section]:
            lines += ["", _heading(section), f"{_INDENT}{', '.join(facts[section])}"]
    if facts["invariants"]:
        lines += ["", _heading("invariants")]
        lines += (
            f"{_INDENT}{name}: {one['kind']} {one['condition']}"
            for name, one in facts["invariants"].items()
        )
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> Any:
    """The data with every text in it as a terminal can show it: a bundle may hold anything."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {_shown(key): _shown(part) for key, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list | tuple) else value


def _heading(text: str) -> str:
    return style(text, bold=True)


def _in_brackets(*parts: str | None) -> str:
    given = [part for part in parts if part]
    return f" ({', '.join(given)})" if given else ""


def _signal_line(signal: Mapping[str, Any]) -> str:
    marks = [mark for mark in ("optional", "pii") if signal[mark]]
    about = _in_brackets(*_bounds(signal), signal["unit"], *marks)
    readers = signal.get("read_by")
    read = f" <- {', '.join(readers)}" if readers else ""
    derived = f" = {signal['derive']}" if signal.get("derive") else ""
    return f"{_INDENT}{signal['name']}: {signal['type']}{about}{derived}{style(read, dim=True)}"


def _bounds(facts: Mapping[str, Any]) -> list[str]:
    """What limits the values of a signal or parameter, in words."""
    least, most = facts["minimum"], facts["maximum"]
    found: list[str] = []
    if facts.get("enum") is not None:
        found.append(f"one of {', '.join(map(str, facts['enum']))}")
    if least is not None and most is not None:
        found.append(f"{display(least)} to {display(most)}")
    elif least is not None:
        found.append(f"at least {display(least)}")
    elif most is not None:
        found.append(f"at most {display(most)}")
    if facts.get("max_size") is not None:
        found.append(f"size at most {facts['max_size']}")
    if facts.get("zone") is not None:
        found.append(f"in {facts['zone']} where it names no zone")
    return found


def _rule_lines(rule: Mapping[str, Any]) -> list[str]:
    lines = [f"{_INDENT}{rule['name']}{_in_brackets(rule['stage'])}"]
    rows = {
        "when": rule["when"],
        "then": _answer(rule),
        "say": rule["say"],
        "why": rule["why"],
        "unknown": "ignored" if rule["on_unknown"] is None else _answer(rule["on_unknown"]),
    }
    lines += (f"{_INDENT * 2}{name:<8}{value}" for name, value in rows.items() if value)
    lines += (f"{_INDENT * 2}{'pattern':<8}{pattern}" for pattern in rule["patterns"])
    return lines


def _answer(response: Mapping[str, Any]) -> str:
    return response["then"] + _in_brackets(response["failure"])
