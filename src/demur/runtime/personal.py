"""What is personal and what stands for it: the one place that says so, for all that leaves the process.

What is personal says the policy (`pii: true`), for a signal, an object's field, or the elements of a
list or map. Whatever shows, writes or sends a record's values asks here: decisions and explanations,
the journal, telemetry, reports of gates, kept runs, alerts.
"""

from __future__ import annotations

from demur.backends.python.reading import read
from demur.functions.values import EvaluationError, Unavailable
from demur.tree import Call, Comprehension, Field, Reference, Signal, children

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from typing import Any

    from demur.policy import Shape
    from demur.tree import Expression

MASK = "<pii>"
"""What stands for a personal value in explanations, reports and logs."""
DROPPED = object()
"""What stands for a value of which nothing is let out."""
MASKED = Unavailable("masked", "is personal, and was masked")
"""What stands for it where nothing at all would say that it was not there."""


def shown(value: Any, shape: Shape) -> Any:
    """The value as it may be shown to people: `MASK` for what is personal in it, or might be."""
    return masked(value, shape, "", lambda _: MASK, {}, MASK, lambda _: MASK)


def masked(
    value: Any,
    shape: Shape,
    path: str,
    mask: Callable[[Any], Any],
    paths: dict[str, None],
    hidden: Any = DROPPED,
    malformed: Callable[[Shape], Any] = lambda _: DROPPED,
) -> Any:
    """The value without what is personal in it: in its place what `mask` makes of it, or `DROPPED`.

    In place of `DROPPED` an optional signal or field has `MASKED`: left out, it would be rightly absent to
    a reader, and `has()` false of it.
    Adds to `paths` where something was masked: `request.text`, `retrieval.documents[].author`. Null is
    not personal, nor is the note that a value could not be had. Of a value that has personal parts and
    is not as declared, and so might hold anything anywhere, nothing is let out: `hidden` stands there.
    What an object has and the policy does not declare is left out.

    Beside something personal, what is not personal itself and not as declared is not let out either:
    `malformed` says what stands for it.
    """
    found = _masked(value, shape, path, mask, paths, hidden, malformed)
    return MASKED if found is DROPPED and shape.optional else found


def _masked(
    value: Any,
    shape: Shape,
    path: str,
    mask: Callable[[Any], Any],
    paths: dict[str, None],
    hidden: Any,
    malformed: Callable[[Shape], Any],
) -> Any:
    if value is None or value.__class__ is Unavailable:
        return value
    if shape.pii:
        paths[path] = None
        return mask(value)
    inner, fields = shape.of, shape.fields
    if fields is not None and (value.__class__ is dict or _is_mapping(value)):
        parts = {
            name: masked(value[name], part, f"{path}.{name}", mask, paths, hidden, malformed)
            if part.has_personal or not shape.has_personal or _is_known(value[name], part)
            else malformed(part)
            for name, part in fields.items()
            if name in value
        }
        return {name: part for name, part in parts.items() if part is not DROPPED}
    if inner is not None and shape.type == "list" and isinstance(value, list | tuple):
        elements = [
            masked(one, inner, f"{path}[]", mask, paths, hidden, malformed) for one in value
        ]
        return [None if one is DROPPED else one for one in elements]
    if inner is not None and shape.type == "map" and not shape.has_personal and _is_mapping(value):
        return {
            key: masked(one, inner, f"{path}{{}}", mask, paths, hidden, malformed)
            for key, one in value.items()
        }
    if not shape.has_personal:
        return value
    paths[path] = None
    return hidden


def _is_known(value: Any, shape: Shape) -> bool:
    """Whether a value is as declared, with all that is declared of its parts, or is none."""
    if value is None or value.__class__ is Unavailable:
        return True
    try:
        read(value, shape, "")
    except (EvaluationError, RecursionError, TypeError, ValueError):
        return False
    inner, fields = shape.of, shape.fields or {}
    if not all(_is_known(value[name], part) for name, part in fields.items() if name in value):
        return False
    parts = value.values() if shape.type == "map" else value
    return inner is None or all(_is_known(one, inner) for one in parts)


def _is_mapping(value: Any) -> bool:
    from collections.abc import Mapping

    return isinstance(value, Mapping)


def without_personal_keys(path: str, shapes: Mapping[str, Mapping[str, Shape]]) -> str:
    """The path of something unknown, cut where it would go into a map with personal values."""
    stage, _, rest = path.partition(".")
    name, end = _name(rest)
    shape = shapes.get(stage, {}).get(name)
    written = f"{stage}.{name}"
    while shape is not None and end:
        if shape.type == "map" and shape.pii:
            return written
        if shape.type == "object":
            name, end = _name(end.removeprefix("."))
            shape = (shape.fields or {}).get(name)
            written = f"{written}.{name}"
        elif shape.type == "list" and end.startswith("["):
            index, _, end = end.partition("]")
            shape, written = shape.of, f"{written}{index}]"
        else:
            break
    return f"{written}{end}"


def _name(path: str) -> tuple[str, str]:
    """The name that a path begins with, and the rest."""
    end = next((at for at, one in enumerate(path) if one in ".[{"), len(path))
    return path[:end], path[end:]


_MEASURED = frozenset(("bool", "int", "uint", "double", "timestamp", "duration"))
"""The types of what can be measured of a text without repeating it."""
_MEASURES = ("texts.", "personal_data.")
"""Families whose functions give a name for a text, and none of its words."""
_REPEATS = ("conversions.", "timestamps.")
"""Families whose functions give a number or time that says all of what they were given, or much."""


class Repetition:
    """Tells whether expressions may repeat what is personal: its text, its number, or a part of it.

    `shapes` are the signals by stage, `objects` the shapes of objects by the name of their type,
    `definitions` the expressions that others refer to, and `derived` the signals that are personal
    because of what they are derived from.
    """

    def __init__(
        self,
        shapes: Mapping[str, Mapping[str, Shape]],
        objects: Mapping[str, Shape],
        definitions: Mapping[str, Expression],
        derived: Collection[tuple[str, str]] = (),
    ) -> None:
        self._shapes = shapes
        self._objects = objects
        self._definitions = definitions
        self._derived = derived
        self._asked: dict[str, bool] = {}

    def of(self, tree: Expression) -> bool:
        """Whether the value of the expression may repeat something personal."""
        match tree:
            case Signal(stage=stage, name=name):
                shape = self._shapes.get(stage, {}).get(name)
                is_personal = shape is not None and shape.has_personal
                return is_personal or (stage, name) in self._derived
            case Reference(name=name):
                if name not in self._asked:
                    self._asked[name] = self.of(self._definitions[name])
                return self._asked[name]
            case Field(operand=operand, name=name) if operand.type.startswith("object("):
                return (self._objects[operand.type[7:-1]].fields or {})[name].has_personal
            case Call(function=function) if function.startswith(_MEASURES):
                return False
            case Call(function=function, arguments=arguments) if tree.type in _MEASURED:
                if tree.type == "bool" and not function.startswith("logic."):
                    return False
                repeats = function.startswith(_REPEATS)
                return any(self.of(one) for one in arguments if repeats or one.type in _MEASURED)
            case Comprehension() if tree.type in _MEASURED:
                return False
            case Comprehension(source=source, body=body) if source.type.startswith("list(object("):
                return self.of(body)
            case _:
                return any(map(self.of, children(tree)))


def personal_by_origin(
    derived: Mapping[tuple[str, str], Expression],
    shapes: Mapping[str, Mapping[str, Shape]],
    objects: Mapping[str, Shape],
    definitions: Mapping[str, Expression],
    said_not: Collection[tuple[str, str]] = (),
) -> frozenset[tuple[str, str]]:
    """The derived signals that are not marked and may repeat what is personal.

    `derived` is in an order in which each reads only earlier ones; `said_not` are those of which the
    policy says that they are not personal.
    """
    found: set[tuple[str, str]] = set()
    repetition = Repetition(shapes, objects, definitions, found)
    for (stage, name), tree in derived.items():
        if (stage, name) in said_not or shapes[stage][name].has_personal:
            continue
        if repetition.of(tree):
            found.add((stage, name))
    return frozenset(found)
