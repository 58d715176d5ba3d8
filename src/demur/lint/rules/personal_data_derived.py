"""A derived signal that repeats personal data and is not marked as personal."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule
from demur.policy import Shape, objects
from demur.tree import Call, Comprehension, Expression, Field, Reference, Signal, children

_SAYS_NOTHING = ("bool", "int", "uint", "double", "timestamp", "duration")
"""Types of what is measured of a text, and does not repeat it."""
_MEASURES = ("texts.", "personal_data.")
"""Families whose functions give a name for a text, and none of its words."""


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    derived = _Derived(policy)
    for (stage, name), expression in policy.derived.items():
        shape = policy.surroundings.stages[stage][name]
        if not _has_personal(shape) and derived.repeats(expression.tree):
            yield Finding(
                expression.span,
                f"`{stage}.{name}` may repeat personal data, and is not marked as personal.",
                "Mark it `pii: true`, or derive a number of it.",
            )


def _has_personal(shape: Shape) -> bool:
    parts = [*(shape.fields or {}).values(), *([] if shape.of is None else [shape.of])]
    return shape.pii or any(map(_has_personal, parts))


class _Derived:
    """What is known of a policy's expressions: its objects, and the definitions that were asked before."""

    def __init__(self, policy: CheckedPolicy) -> None:
        self._stages = policy.surroundings.stages
        self._definitions = policy.definitions
        self._asked: dict[str, bool] = {}
        self._objects: dict[str, Shape] = {}
        for stage, signals in self._stages.items():
            for name, shape in signals.items():
                self._objects.update(objects(f"{stage}.{name}", shape))

    def repeats(self, tree: Expression) -> bool:
        """Whether the value may hold a text that is personal."""
        if tree.type in _SAYS_NOTHING:
            return False
        match tree:
            case Signal(stage=stage, name=name):
                return _has_personal(self._stages[stage][name])
            case Reference(name=name):
                if name not in self._asked:
                    self._asked[name] = self.repeats(self._definitions[name].tree)
                return self._asked[name]
            case Field(operand=operand, name=name) if operand.type.startswith("object("):
                return _has_personal((self._objects[operand.type[7:-1]].fields or {})[name])
            case Call(function=function) if function.startswith(_MEASURES):
                return False
            case Comprehension(source=source, body=body) if source.type.startswith("list(object("):
                return self.repeats(body)
            case _:
                return any(map(self.repeats, children(tree)))


RULE = Rule(
    code="DM535",
    name="personal-data-derived",
    title="A derived signal that may repeat personal data unmarked",
    severity=Severity.WARNING,
    explanation="""\
Looks for derived signals of text that come from signals marked `pii` and are not marked themselves:
the journal would hold in them what it masks elsewhere. Numbers, bools and what `language` and
`personal_data` give repeat nothing.
""",
    wrong=HEADER
    + """\
stages:
  request:
    text: {type: string, pii: true}
    normal: {type: string, derive: request.text.lowerAscii()}
failures:
  spam: {severity: warning}
rules:
  spam:
    when: request.normal.contains("lottery")
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    right=HEADER
    + """\
stages:
  request:
    text: {type: string, pii: true}
    normal: {type: string, pii: true, derive: request.text.lowerAscii()}
failures:
  spam: {severity: warning}
rules:
  spam:
    when: request.normal.contains("lottery")
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    check=_check,
)
