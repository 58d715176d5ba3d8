"""Logic: the operators that need not evaluate all their operands, and negation."""

from __future__ import annotations

from demur.functions import ERROR, Function, Overload
from demur.functions.values import error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def _fail(message: str) -> NoReturn:
    raise error(message)


FUNCTIONS = (
    Function(
        "_&&_",
        "Both. False if either is false, even where the other is an error.",
        Overload("logic.and", "_&&_(bool, bool) -> bool"),
        examples=(("false && 1 / 0 > 0", "false"), ("1 / 0 > 0 && false", "false")),
    ),
    Function(
        "_||_",
        "Either. True if one is true, even where the other is an error.",
        Overload("logic.or", "_||_(bool, bool) -> bool"),
        examples=(("1 / 0 > 0 || true", "true"), ("1 / 0 > 0 || false", ERROR)),
    ),
    Function(
        "!_",
        "The opposite.",
        Overload("logic.not", "!_(bool) -> bool", lambda value: not value, "(not {0})"),
        examples=(("!true", "false"),),
    ),
    Function(
        "_?_:_",
        "The second operand where the first is true, else the third; the other is not evaluated.",
        Overload("logic.conditional", "_?_:_(bool, A, A) -> A"),
        examples=(("true ? 1 : 1 / 0", "1"), ("(1 / 0 > 0) ? 1 : 2", ERROR)),
    ),
    Function(
        "@is_unknown",
        "Within a metric: whether the operand is unknown, which is itself always known.",
        Overload("logic.is_unknown", "@is_unknown(A) -> bool"),
    ),
    Function(
        "@fail",
        "Fails: what an unchecked expression does where it names nothing that exists.",
        Overload("logic.fail", "@fail(string) -> dyn", _fail),
    ),
)
