"""A gate or alert with a slice for each person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.language.expressions import Path
from demur.lint.rule import GATE, Finding, Rule

_EMAIL = """\
stages:
  request:
    email: {type: string, pii: true}
"""
_LANGUAGE = """\
stages:
  request:
    text: {type: string, pii: true, max_size: 8000}
    language: {type: string, derive: language(request.text)}
"""


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    personal = _personal(policy)
    for path, by in _slices(policy):
        for at, item in enumerate(by):
            for name in (part.strip() for part in item.split("*")):
                if name in personal:
                    message = f"`{name}` is personal, and a slice's name shows its value."
                    advice = "Derive what people differ by, such as a language or a kind, and slice by that."
                    node = policy.node((*path, at))
                    span = policy.span(path) if node is None else node.span
                    yield Finding(span, message, advice)


def _personal(policy: CheckedPolicy) -> frozenset[str]:
    """The paths of the signals that are personal, or have a personal part."""
    shapes = {**policy.surroundings.stages, "outcome": policy.surroundings.outcome}
    origin = policy.personal_by_origin
    return frozenset(
        f"{stage}.{name}"
        for stage, signals in shapes.items()
        for name, shape in signals.items()
        if shape.has_personal or (stage, name) in origin
    )


def _slices(policy: CheckedPolicy) -> Iterator[tuple[Path, Iterable[str]]]:
    """Each `by` of the file, with its place."""
    for name, gate in policy.document.gates.items():
        yield ("gates", name, "by"), gate.by or ()
        for at, one in enumerate(gate.require):
            if not isinstance(one, str):
                yield ("gates", name, "require", at, "by"), one.by or ()
    for name, alert in policy.document.alerts.items():
        yield ("alerts", name, "by"), alert.by or ()


RULE = Rule(
    code="DM538",
    name="sliced-by-personal-data",
    title="A gate or alert with a slice for each person",
    severity=Severity.ERROR,
    explanation="""\
Looks for `by` with a signal that is personal, or that may repeat one. The name of a slice is its value,
and stands in reports, kept runs, alerts and labels. Where a policy slices so all the same, the slices
are judged and have other names: `<pii 3f2a…>`, which nobody can tell the value from.
""",
    wrong=GATE.replace("metrics:", f"{_EMAIL}metrics:")
    + """\
    min_samples: 30
    by: [request.email]
    require: [wrong_rate <= 0.1]
""",
    right=GATE.replace("metrics:", f"{_LANGUAGE}metrics:")
    + """\
    min_samples: 30
    by: [request.language]
    require: [wrong_rate <= 0.1]
""",
    check=_check,
)
