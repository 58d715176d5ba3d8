"""A file of a suite that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from demur.diagnostics import Severity
from demur.files import Outside, Unfit, home_of, open_file
from demur.interop.patterns import matched
from demur.language.checked import CheckedPolicy
from demur.language.nodes import Node, ScalarNode, SequenceNode
from demur.lint.rule import HEADER, Finding, Rule
from demur.suggestions import file_like, files_below

_INSIDE = "Name files of the policy's folder, or of the repository around it; none that is hidden."
_PATTERNS = ("prompt", "retrieval", "data")
"""The parts of a fingerprint that are globs."""


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    folder = Path(policy.source.path).parent
    files_of = cache(files_below)
    for name in policy.document.suites:
        for node in _texts(policy.node(("suites", name, "cases"))):
            problem = _problem(folder, node.text)
            if problem == "":
                message = f"There is no file `{node.text}`, which has the cases of `{name}`."
                advice = (
                    file_like(folder, node.text, files_of) or "Paths are from the policy's folder."
                )
                yield Finding(node.span, message, advice)
            elif problem is not None:
                message = f"`{node.text}`, the cases of `{name}`, is not read: {problem}."
                yield Finding(node.span, message, _INSIDE)
        for part in _PATTERNS:
            for node in _texts(policy.node(("suites", name, "fingerprint", part))):
                problem = _mismatch(folder, node.text)
                if problem:
                    message = f"`{node.text}` is not looked for: {problem}."
                    yield Finding(node.span, message, _INSIDE)
                elif problem is not None:
                    message = f"No file matches `{node.text}`, which the results depend on."
                    advice = (
                        file_like(folder, node.text, files_of)
                        or "Globs are from the policy's folder."
                    )
                    yield Finding(node.span, message, advice)


def _texts(node: Node | None) -> Iterator[ScalarNode]:
    """The text, or those of a list."""
    for one in node.items if isinstance(node, SequenceNode) else (node,):
        if isinstance(one, ScalarNode):
            yield one


def _problem(folder: Path, name: str) -> str | None:
    """Why the file is not read, empty where there is none; None where it is."""
    try:
        open_file(folder / name, inside=home_of(folder)).close()
    except Unfit as unfit:
        return unfit.strerror
    except (OSError, ValueError):
        return ""
    return None


def _mismatch(folder: Path, pattern: str) -> str | None:
    """Why the pattern is not looked for, empty where it matches nothing; None where it matches."""
    try:
        return None if matched(folder, pattern) else ""
    except Outside as outside:
        return outside.strerror
    except (OSError, ValueError):
        return ""


_GATE = """\
metrics:
  answer_rate: rate(decision.answered)
suites:
  golden: {cases: %s}
gates:
  ship:
    suites: [golden]
    min_samples: 30
    by: [decision.action]
    require: [answer_rate >= 0.8]
"""

RULE = Rule(
    code="DM536",
    name="file-not-found",
    title="A file of a suite that is not there",
    severity=Severity.ERROR,
    explanation="""\
Looks for files of cases, and for globs of fingerprints, that are not there or match nothing. A gate holds
its results to the cases of its suites, so that a run cannot lose its hard ones: with a misspelt path it
would have nothing to hold them to. Where a file is made only later, allow it by a comment.
""",
    wrong=HEADER + _GATE % "goldne.jsonl",
    right=HEADER + _GATE % "golden.jsonl",
    check=_check,
)
