"""What generated code calls: CEL's logic over errors, macros, dynamic dispatch, reads of fields."""

from __future__ import annotations

from demur.functions import find
from demur.functions.limits import within
from demur.functions.values import (
    NONE,
    EvaluationError,
    Optional,
    error,
    key_value,
    map_key,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Thunk = Callable[[], Any]


def merged(first: EvaluationError | None, second: EvaluationError) -> EvaluationError:
    """Both errors as one, each reason once."""
    if first is None:
        return second
    if set(second.reasons) <= set(first.reasons):
        return first
    return EvaluationError(*dict.fromkeys(first.reasons + second.reasons))


def truth(value: Any) -> bool:
    """`value`, if it is a bool. Raises `EvaluationError`."""
    if value is True or value is False:
        return value
    raise error(f"no such overload: a condition of type {type_name(value)}")


def conjunction(*operands: Thunk) -> bool:
    """`&&`: false if an operand is false, else the error of those that fail, else true."""
    return _settle(False, operands)


def disjunction(*operands: Thunk) -> bool:
    """`||`: true if an operand is true, else the error of those that fail, else false."""
    return _settle(True, operands)


def is_unknown(operand: Thunk) -> bool:
    """Whether the operand fails."""
    try:
        operand()
    except EvaluationError:
        return True
    return False


def _settle(deciding: bool, operands: Iterable[Thunk]) -> bool:
    failure: EvaluationError | None = None
    for operand in operands:
        try:
            if truth(operand()) is deciding:
                return deciding
        except EvaluationError as error:
            failure = merged(failure, error)
    if failure is not None:
        raise failure
    return not deciding


def every(elements: Iterable[Any], condition: Callable[[Any], Any]) -> bool:
    """`all`: as `&&` over the elements."""
    return _settle(False, (_applied(condition, element) for element in elements))


def some(elements: Iterable[Any], condition: Callable[[Any], Any]) -> bool:
    """`exists`: as `||` over the elements."""
    return _settle(True, (_applied(condition, element) for element in elements))


def _applied(condition: Callable[[Any], Any], element: Any) -> Thunk:
    return lambda: condition(element)


def one(elements: Iterable[Any], condition: Callable[[Any], Any]) -> bool:
    """`exists_one`: whether exactly one element satisfies the condition; an error is not absorbed."""
    return sum(1 for element in elements if truth(condition(element))) == 1


def each(
    elements: Iterable[Any], condition: Callable[[Any], Any] | None, body: Callable[[Any], Any]
) -> list[Any]:
    """`map` and `filter`: the body of each element that satisfies the condition."""
    return [body(e) for e in elements if condition is None or truth(condition(e))]


def each_entry(
    pairs: Iterable[Any], condition: Callable[[Any], Any] | None, body: Callable[[Any], Any]
) -> dict[Any, Any]:
    """`transformMap`: the map with each value replaced by its body."""
    return {
        map_key(pair[0]): body(pair)
        for pair in pairs
        if condition is None or truth(condition(pair))
    }


def new_entries(
    pairs: Iterable[Any], condition: Callable[[Any], Any] | None, body: Callable[[Any], Any]
) -> dict[Any, Any]:
    """`transformMapEntry`: the entries that the bodies give, each key once."""
    result: dict[Any, Any] = {}
    for pair in pairs:
        if condition is None or truth(condition(pair)):
            new = body(pair)
            if not isinstance(new, dict):
                raise error("no such overload: transformMapEntry makes maps")
            for key, value in new.items():
                if key in result:
                    raise error("the same key twice in a map")
                result[key] = value
    return result


def keys_or_elements(source: Any) -> Iterable[Any]:
    """What a macro with one variable goes over."""
    if isinstance(source, list):
        return source
    if isinstance(source, dict):
        return [key_value(key) for key in source]
    raise error(f"no such overload: a macro over {type_name(source)}")


def numbered_or_entries(source: Any) -> Iterable[tuple[Any, Any]]:
    """What a macro with two variables goes over: index and element, or key and value."""
    if isinstance(source, list):
        return enumerate(source)
    if isinstance(source, dict):
        return [(key_value(key), value) for key, value in source.items()]
    raise error(f"no such overload: a macro over {type_name(source)}")


def optional_map(optional: Any, body: Callable[[Any], Any]) -> Optional:
    """`optMap`."""
    if not isinstance(optional, Optional):
        raise error(f"no such overload: optMap on {type_name(optional)}")
    return Optional(body(optional.value)) if optional.present else NONE


def optional_flat_map(optional: Any, body: Callable[[Any], Any]) -> Optional:
    """`optFlatMap`."""
    if not isinstance(optional, Optional):
        raise error(f"no such overload: optFlatMap on {type_name(optional)}")
    result = body(optional.value) if optional.present else NONE
    if isinstance(result, Optional):
        return result
    raise error("no such overload: optFlatMap needs an optional")


def first_present(optional: Any, other: Thunk) -> Any:
    """`or`."""
    if not isinstance(optional, Optional):
        raise error(f"no such overload: or on {type_name(optional)}")
    return optional if optional.present else other()


def value_or(optional: Any, other: Thunk) -> Any:
    """`orValue`."""
    if not isinstance(optional, Optional):
        raise error(f"no such overload: orValue on {type_name(optional)}")
    return optional.value if optional.present else other()


def make_list(elements: Iterable[Any], optional: tuple[int, ...]) -> list[Any]:
    """A list literal with elements that may be left out."""
    result: list[Any] = []
    for position, element in enumerate(elements):
        if position not in optional:
            result.append(element)
        elif not isinstance(element, Optional):
            raise error("after `?` stands an optional")
        elif element.present:
            result.append(element.value)
    return result


def make_map(optional: tuple[int, ...], *parts: Any) -> dict[Any, Any]:
    """A map literal of keys and values in turn.

    A key of a type that CEL refuses, or the same twice, is an error.
    """
    result: dict[Any, Any] = {}
    for position, (raw, value) in enumerate(zip(parts[::2], parts[1::2], strict=True)):
        if isinstance(raw, float):
            raise error("a double cannot be a map's key")
        key = map_key(raw)
        if key in result:
            raise error("the same key twice in a map")
        if position not in optional:
            result[key] = value
        elif not isinstance(value, Optional):
            raise error("after `?` stands an optional")
        elif value.present:
            result[key] = value.value
    return result


def select(operand: Any, name: str) -> Any:
    """`operand.name` where the operand's type is known only now."""
    if operand.__class__ is dict:
        if name in operand:
            return operand[name]
        raise error(f"no such key: {name}")
    if isinstance(operand, Optional):
        return _selected(operand, name)
    raise error(f"a value of type {type_name(operand)} has no fields")


def has(operand: Any, name: str) -> bool:
    """`has(operand.name)` where the operand's type is known only now."""
    if operand.__class__ is dict:
        return name in operand
    if isinstance(operand, Optional):
        return _selected(operand, name).present
    raise error(f"a value of type {type_name(operand)} has no fields")


def _selected(optional: Optional, name: str) -> Optional:
    from demur.functions.optionals import select_optional

    return select_optional(optional, name)


class Once:
    """A value computed when first asked for, and remembered with its error."""

    __slots__ = ("_compute", "_failure", "_value")

    def __init__(self, compute: Thunk) -> None:
        self._compute: Thunk | None = compute
        self._failure: EvaluationError | None = None

    def __call__(self) -> Any:
        """The value. Raises its `EvaluationError` each time."""
        compute = self._compute
        if compute is not None:
            self._compute = None
            try:
                self._value = compute()
            except EvaluationError as failure:
                self._failure = failure
        if self._failure is not None:
            raise EvaluationError(*self._failure.reasons)
        return self._value


def known(value: Any) -> Any:
    """A signal's value, or its `EvaluationError` raised."""
    if value.__class__ is EvaluationError:
        raise EvaluationError(*value.reasons)
    return value


def limited(identifiers: str, untyped: bool, limit: int) -> Callable[..., Any]:
    """The overload's function, or the dispatcher's, that fails where its value is over the limit."""
    if untyped or "|" in identifiers:
        return dispatcher(identifiers, limit)
    function = find(identifiers).python
    assert function is not None
    return within(function, identifiers, limit)


def dispatcher(identifiers: str, limit: int | None = None) -> Callable[..., Any]:
    """A function that takes the first of these overloads whose types the values have.

    With a limit it fails where its value would be larger.
    """
    from demur.backends.python.dispatch import accepts
    from demur.types import parse_signature

    choices = []
    for identifier in identifiers.split("|"):
        overload = find(identifier)
        parameters = parse_signature(_DYNAMIC.get(identifier, overload.signature)).parameters
        function = LAZY.get(identifier, overload.python)
        if limit is not None and function is not None:
            function = within(function, identifier, limit)
        choices.append((tuple(map(accepts, parameters)), function))

    def dispatch(*arguments: Any) -> Any:
        for tests, function in choices:
            if all(test(argument) for test, argument in zip(tests, arguments, strict=True)):
                assert function is not None
                return function(*arguments)
        types = ", ".join(map(type_name, arguments))
        raise error(f"no such overload for ({types})")

    return dispatch


LAZY: dict[str, Callable[..., Any]] = {
    "optionals.or": lambda optional, other: first_present(optional, lambda: other),
    "optionals.or_value": lambda optional, other: value_or(optional, lambda: other),
    "logic.not": lambda value: not value,
}
"""Operators that do not evaluate all their operands, for values that are there already."""

_DYNAMIC = {"lists.element": "_[_](list(A), dyn) -> A"}
"""Signatures that are wider where types are found out only during evaluation (`[7][dyn(0u)]`)."""
