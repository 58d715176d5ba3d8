"""How large an expression is with the definitions that it reads put in, which is bounded.

A short file can say something that is immense once it is written out: each of sixty definitions that
reads the one before twice. Whatever goes through expressions may go through them as if they were
written out, so this is found out before anything does, by adding up and without writing out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from demur.diagnostics import Diagnostic
from demur.language.check_codes import finding
from demur.language.expressions import CheckedExpression
from demur.tree import Bind, Comprehension, Expression, Reference, Variable, children

MAXIMUM_SIZE = 10_000
"""The operations, names and values in one expression, definitions put in."""
MAXIMUM_HEIGHT = 160
"""How deep they are nested."""
MAXIMUM_TOTAL = 1_000_000
"""As `MAXIMUM_SIZE`, of all expressions of a file together."""
_ADVICE = "Let fewer definitions read each other, and each but once; or derive signals from them."

Name = TypeVar("Name")
Measure = tuple[int, int]
"""Size and height."""


class PuttingIn:
    """What has been measured of a file so far: its definitions, and how large all is together."""

    def __init__(self) -> None:
        self._definitions: dict[str, Measure] = {}
        self._total = 0

    def define(self, name: str, tree: Expression) -> None:
        """Takes in a definition that others may read."""
        self._definitions[name] = measure(tree, self._definitions)

    def fits(self, one: CheckedExpression, diagnostics: list[Diagnostic]) -> bool:
        """Whether the expression is within bounds; where it is not, a diagnostic is added."""
        size, height = measure(one.tree, self._definitions)
        if size > MAXIMUM_SIZE:
            problem = f"{size:,} operations, names and values; at most {MAXIMUM_SIZE:,} are allowed"
        elif height > MAXIMUM_HEIGHT:
            problem = f"nested {height} deep; at most {MAXIMUM_HEIGHT} are allowed"
        elif self._total + size > MAXIMUM_TOTAL:
            problem = (
                f"more than {MAXIMUM_TOTAL:,} operations, names and values together with what "
                "stands above, which is the most that is allowed"
            )
        else:
            self._total += size
            return True
        message = f"With the definitions that it reads put in, this is {problem}."
        diagnostics.append(finding("DM430", message, one.span, _ADVICE))
        return False

    def fitting(
        self, expressions: Mapping[Name, CheckedExpression], diagnostics: list[Diagnostic]
    ) -> dict[Name, CheckedExpression]:
        """Those of the expressions that are within bounds."""
        return {name: one for name, one in expressions.items() if self.fits(one, diagnostics)}


def measure(tree: Expression, names: Mapping[str, Measure]) -> Measure:
    """The size and height of an expression with these definitions put in, and what `cel.bind` binds."""
    if isinstance(tree, Reference | Variable):
        return names.get(tree.name, (1, 1))
    if isinstance(tree, Bind):
        value = measure(tree.value, names)
        size, height = measure(tree.body, {**names, tree.variable: value})
        return size + value[0] + 1, max(height, value[1]) + 1
    inner = names
    if isinstance(tree, Comprehension):
        inner = {name: one for name, one in names.items() if name not in tree.variables}
    parts = [measure(part, inner) for part in children(tree)]
    return 1 + sum(size for size, _ in parts), 1 + max((height for _, height in parts), default=0)
