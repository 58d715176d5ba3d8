"""Random expressions over `dyn`: chains of selects and indexes, optionals, and macros over them."""

from __future__ import annotations

import random
import re
from typing import Any

VARIABLES = {"x": "dyn", "y": "dyn", "k": "string", "i": "int"}
_PART = re.compile(r"<(\w+)>")
_FORMS: dict[str, tuple[str, ...]] = {
    "bool": (
        "<value>.all(<v>, <of_v> == <constant> || <of_v> == <constant>)",
        "<value>.exists(<v>, <of_v> == <constant> || has(<of_v>.<key>))",
        "<value>.exists(<v>, <constant> == <of_v> || <of_v>.?<key>.hasValue())",
        "<value>.exists_one(<v>, <of_v> == <constant>)",
        "<optional>.hasValue()",
        "<optional> == <optional>",
        "<value> == <value>",
        "<constant> in <value>",
        "has(<chain>.<key>)",
        "size(<value>) > 0",
    ),
    "value": (
        "<optional_chain>.orValue([])",
        "<optional_chain>.orValue([])",
        "<optional>.orValue(<constant>)",
        "<optional>.orValue(<value>)",
        "<optional>.optMap(<v>, <of_v>).orValue(<constant>)",
        "<optional>.value()",
        "<value>.map(<v>, <of_v>)",
        "<value>.filter(<v>, <of_v> == <constant>)",
        "(<bool> ? <chain> : <constant>)",
        "(<bool> ? <constant> : <chain>)",
        "[<chain>, <constant>]",
        "[?<optional>, <chain>]",
        "{?'a': <optional>}",
        "{'a': <value>}",
        "(<chain> + [])",
    ),
    "optional": (
        "<optional_chain>",
        "<optional_chain>",
        "optional.of(<chain>)",
        "optional.none()",
        "optional.ofNonZeroValue(<chain>)",
        "<optional_chain>.or(<optional>)",
        "<optional>.optMap(<v>, <of_v>)",
        "<optional>.optFlatMap(<v>, <of_v>.?<key>)",
        "{'a': <chain>}[?k].?<key>",
        "[<chain>][?i].?<key>",
        "{}[?k]",
        "[][?i].?<key>",
    ),
}
_LEAVES = {"bool": "<chain> == <constant>", "value": "<chain>", "optional": "<optional_chain>"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "key": ("a", "b", "c"),
    "place": ("k", "i", "'a'", "'b'", "0", "1"),
    "constant": ("[]", "{}", "''", "'s'", "0", "1", "true", "['s', '']", "[1]", "{'a': 1}", "y"),
    "of_v": ("<v>", "<v>", "<v>.<key>", "<v>.?<key>.orValue(<constant>)"),
    "step": (".<key>", "[<place>]"),
    "optional_step": (".?<key>", "[?<place>]"),
    "chain": ("<root><step>", "<root><step><step>", "<root>"),
    "optional_chain": (
        "<root>.?<key>",
        "<root>.?<key><optional_step>",
        "<root>.?<key><optional_step><optional_step>",
        "<root>.?<key>.<key><optional_step>",
        "<root><step>.?<key><optional_step>",
    ),
}
_DATA: tuple[Any, ...] = (
    {},
    [],
    "s",
    1,
    {"a": {"b": [{"name": "k"}, ""]}},
    {"a": {"b": ["s", ""]}},
    {"c": {"a": {"b": 1}}},
    [{"a": 1}, {"a": {"b": "s"}}],
    {"a": [[{"b": "s"}], []]},
    {"b": {"a": {"c": ["s"]}}},
)
"""Their maps have one key each: demur keeps the order of a map's keys, CEL promises none."""


class Chains:
    """Expressions, and values for their variables; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def expression(self) -> str:
        """A bool or any other value that is no optional, which the oracle's binding cannot give."""
        return self._part(self._random.choice(("bool", "value")), self._random.choice((1, 2, 3)), 0)

    def bindings(self) -> dict[str, Any]:
        """A value for each variable."""
        pick = self._random.choice
        return {"x": pick(_DATA), "y": pick(_DATA), "k": pick("abc"), "i": pick((0, 1, 5))}

    def _part(self, name: str, depth: int, bound: int) -> str:
        """A part of this name, within macros that bind `bound` variables."""
        if name in _CHOICES:
            form = self._random.choice(_CHOICES[name])
        elif depth > 0:
            form = self._random.choice(_FORMS[name])
        else:
            form = _LEAVES[name]
        inside = bound + ("<v>" in form and name in _FORMS)
        variable = f"v{inside}"

        def filled(match: re.Match[str]) -> str:
            match match[1]:
                case "v":
                    return f"v{max(inside, 1)}" if name in _CHOICES else variable
                case "root":
                    return self._random.choice(("x", "x", "y"))
                case "of_v":
                    return self._part("of_v", depth - 1, inside)
                case other:
                    return self._part(other, depth - 1, bound)

        return _PART.sub(filled, form)
