"""What is wrong with an expression: a code, an offset range in its text, a message and advice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about an expression; `start` and `end` are character offsets in its text."""

    code: str
    message: str
    start: int
    end: int
    help: str | None = None


class ExpressionError(Exception):
    """Raised where an expression cannot be parsed or checked; carries every problem found."""

    def __init__(self, text: str, problems: tuple[Problem, ...]) -> None:
        self.text = text
        self.problems = problems
        super().__init__("\n".join(_draw(text, problem) for problem in problems))


def _draw(text: str, problem: Problem) -> str:
    line_start = text.rfind("\n", 0, problem.start) + 1
    line_end = text.find("\n", problem.start)
    line = text[line_start : line_end if line_end >= 0 else len(text)]
    width = max(1, min(problem.end, line_start + len(line)) - problem.start)
    caret = " " * (problem.start - line_start) + "^" * width
    advice = f"\n  help: {problem.help}" if problem.help else ""
    return f"{problem.code}: {problem.message}\n  {line}\n  {caret}{advice}"


EXPRESSION_CODES: dict[str, tuple[str, str, str]] = {
    "DM301": (
        "syntax-error",
        "The expression is not CEL",
        "The text does not follow CEL's grammar. Wrong: `a = 1`, `a and b`, `not a`. "
        "Right: `a == 1`, `a && b`, `!a`.",
    ),
    "DM302": (
        "bad-literal",
        "A literal has no value",
        "A number beyond its type's range, or an escape that CEL does not know. "
        "Wrong: `9223372036854775808`, `'\\q'`. Right: `9223372036854775807`, `'\\\\q'`.",
    ),
    "DM303": (
        "too-complex",
        "The expression is too large or too deeply nested",
        "Expressions are bounded, so that a policy from elsewhere cannot exhaust the machine. "
        "Name parts of it in `define`.",
    ),
    "DM304": (
        "unknown-name",
        "Nothing has this name",
        "Signals are read as `STAGE.NAME`, parameters as `params.NAME`, definitions by their name. "
        "Wrong: `confidence < 0.7`. Right: `answer.confidence < 0.7`.",
    ),
    "DM305": (
        "unknown-function",
        "No function has this name",
        "The language reference lists every function. Wrong: `len(a)`. Right: `size(a)`.",
    ),
    "DM306": (
        "no-overload",
        "The operator or function does not take these types",
        "Types are not converted silently. Wrong: `'1' + 1`. Right: `int('1') + 1`.",
    ),
    "DM307": (
        "unknown-field",
        "The object has no such field",
        "An object has the fields that its signal declares. Wrong: `d.scor`. Right: `d.score`.",
    ),
    "DM308": (
        "bad-macro",
        "The macro is not written in its form",
        "Wrong: `xs.all(x > 0)`, `has(x)`. Right: `xs.all(x, x > 0)`, `has(x.y)`.",
    ),
    "DM309": (
        "wrong-type",
        "The expression has another type than its place needs",
        "A condition is a bool. Wrong: `when: answer.confidence`. "
        "Right: `when: answer.confidence < 0.7`.",
    ),
    "DM310": (
        "unguarded-optional",
        "An optional signal is read without asking whether it is there",
        "Wrong: `request.age < 18`. Right: `has(request.age) && request.age < 18`, "
        "or `request.?age.orValue(0) < 18`.",
    ),
    "DM311": (
        "misplaced-function",
        "The function may not be called here",
        "Aggregates such as `rate` and `quantile` are for `metrics`; they need many records.",
    ),
    "DM312": (
        "bad-pattern",
        "The regular expression is not RE2",
        "Patterns are RE2's, which has no look-around and no back-references. "
        "Wrong: `x.matches('(?=a)')`. Right: `x.matches('^a')`.",
    ),
    "DM313": (
        "broken-extension",
        "A function that an installed package provides cannot be used",
        "An entry point of the group `demur.functions` names a `demur.functions.Function` with the "
        "entry point's own name, whose overloads' identifiers begin with that name and a dot.",
    ),
}
"""The codes of expressions: name, title, and an explanation for the reference."""
