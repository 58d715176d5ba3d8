"""A small compiled policy, made without the compiler of policy files."""

from __future__ import annotations

from pathlib import Path

from demur.policy import ParameterValue, Policy, Response, Rule, Shape
from demur.runtime.bundle import encode
from demur.tree import Call, Constant, Expression, ListLiteral, Parameter, Signal


def _string(value: str) -> Constant:
    return Constant(value, "string")


INTENT = Signal("request", "intent", "string")
TEXT = Signal("request", "text", "string")
CONFIDENCE = Signal("answer", "confidence", "double")
IN_SCOPE = Call(
    "lists.contains",
    (INTENT, ListLiteral((_string("billing"), _string("shipping")), (), "list(string)")),
    "bool",
)
UNKNOWN = Response("abstain", "contract_violation", ("Something I need is missing.",))


def rule(name: str, section: str, stage: int, condition: Expression, response: Response) -> Rule:
    return Rule(name, section, stage, condition, response, UNKNOWN)


POLICY = Policy(
    language=1,
    name="small",
    version="1.2.0",
    about="Answers about billing and shipping.",
    owner="team@example.com",
    runbook=None,
    stages={
        "request": {
            "intent": Shape("string", enum=("billing", "shipping", "other")),
            "text": Shape("string", pii=True, maximum_size=100),
        },
        "answer": {"confidence": Shape("double", minimum=0, maximum=1)},
    },
    outcome={"correct": Shape("bool")},
    parameters={"least": ParameterValue("double", 0.7, 0, 1)},
    definitions={"in_scope": IN_SCOPE},
    failures={
        "out_of_scope": {"severity": "info"},
        "low_confidence": {"severity": "warning"},
        "contract_violation": {"severity": "critical"},
    },
    rules=(
        rule(
            "supported-intent",
            "scope",
            0,
            Call("logic.not", (IN_SCOPE,), "bool"),
            Response("refuse", "out_of_scope", ("I can help with billing and shipping.",)),
        ),
        rule(
            "person-asked-for",
            "rules",
            0,
            Call("comparison.equals_string", (TEXT, _string("person")), "bool"),
            Response("escalate", None, ("A person will take over.",), ("they wrote ", TEXT)),
        ),
        rule(
            "low-confidence",
            "rules",
            1,
            Call("comparison.less_double", (CONFIDENCE, Parameter("least", "double")), "bool"),
            Response("abstain", "low_confidence", ("I'm not sure.",), ("confidence ", CONFIDENCE)),
        ),
    ),
    evaluation={},
)


def write_bundle(folder: Path) -> Path:
    """The policy's bundle in this folder."""
    path = folder / "small.demur"
    path.write_bytes(encode(POLICY))
    return path
