"""The values of the expression language that Python has no exact type for, and equality over all.

CEL's bool, int, double, string, bytes, list and null are Python's bool, int, float, str, bytes,
list and None; a map is a dict whose boolean keys are wrapped (`map_key`), because to Python
`True == 1`. The rest is here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

INT_MIN = -(2**63)
INT_MAX = 2**63 - 1
UINT_MAX = 2**64 - 1


class Reason:
    """Why a value is unknown.

    `kind` is one of `absent`, `null`, `nan`, `infinite`, `wrong_type`, `out_of_bounds`,
    `not_in_enum`, `too_large`, `too_costly`, `no_zone`, `clock_change`, `error`, or that of an `Unavailable`;
    `signal` is the dotted path of the signal that is unknown, or empty for an error of an operation;
    `detail` says it in words, without the value itself.
    """

    __slots__ = ("detail", "kind", "signal")

    def __init__(self, kind: str, signal: str, detail: str) -> None:
        self.kind = kind
        self.signal = signal
        self.detail = detail

    def __repr__(self) -> str:
        return f"Reason(kind={self.kind!r}, signal={self.signal!r}, detail={self.detail!r})"

    def __str__(self) -> str:
        return f"{self.signal}: {self.detail}" if self.signal else self.detail

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reason) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[str, str, str]:
        return (self.kind, self.signal, self.detail)


class Unavailable:
    """What stands in a record for a value that could not be had, and says why it is unknown.

    `kind` is one of `timed_out`, `failed`, `busy` and `not_derived`; `detail` completes a sentence
    that begins with the signal's name, without the value itself. An optional signal too is unknown
    then, not absent.
    """

    __slots__ = ("detail", "kind")

    def __init__(self, kind: str, detail: str) -> None:
        self.kind = kind
        self.detail = detail

    def __repr__(self) -> str:
        return f"Unavailable(kind={self.kind!r}, detail={self.detail!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unavailable) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash((self.kind, self.detail))


class EvaluationError(Exception):
    """A CEL error: the expression has no value, for these reasons. Within a policy this is *unknown*."""

    def __init__(self, *reasons: Reason) -> None:
        self.reasons = reasons
        super().__init__(*reasons)

    def __str__(self) -> str:
        return "; ".join(map(str, self.reasons))


def error(detail: str) -> EvaluationError:
    """An error of an operation (overflow, no such key, …), to raise."""
    return EvaluationError(Reason("error", "", detail))


class Uint(int):
    """CEL's uint: an unsigned 64-bit integer."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{int(self)}u"


class TypeValue:
    """A type as a value, as `type(x)` gives it; `name` is CEL's name of it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"TypeValue({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TypeValue) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Timestamp:
    """A moment, in whole nanoseconds since the Unix epoch, from year 1 to year 9999 (CEL's range)."""

    __slots__ = ("nanoseconds",)
    MIN = -62135596800 * 10**9
    MAX = 253402300799 * 10**9 + 999_999_999

    def __init__(self, nanoseconds: int) -> None:
        if not self.MIN <= nanoseconds <= self.MAX:
            raise error("timestamp out of range")
        self.nanoseconds = nanoseconds

    def __repr__(self) -> str:
        return f"Timestamp({self.nanoseconds})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timestamp) and self.nanoseconds == other.nanoseconds

    def __hash__(self) -> int:
        return hash(("timestamp", self.nanoseconds))

    def __lt__(self, other: Timestamp) -> bool:
        return self.nanoseconds < other.nanoseconds

    def __le__(self, other: Timestamp) -> bool:
        return self.nanoseconds <= other.nanoseconds

    def __gt__(self, other: Timestamp) -> bool:
        return self.nanoseconds > other.nanoseconds

    def __ge__(self, other: Timestamp) -> bool:
        return self.nanoseconds >= other.nanoseconds


class Duration:
    """A signed span of time, in whole nanoseconds, within CEL's ±10,000 years (as an int64 allows)."""

    __slots__ = ("nanoseconds",)
    LIMIT = 315_576_000_000 * 10**9

    def __init__(self, nanoseconds: int) -> None:
        if not -self.LIMIT <= nanoseconds <= self.LIMIT:
            raise error("duration out of range")
        self.nanoseconds = nanoseconds

    def __repr__(self) -> str:
        return f"Duration({self.nanoseconds})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and self.nanoseconds == other.nanoseconds

    def __hash__(self) -> int:
        return hash(("duration", self.nanoseconds))

    def __lt__(self, other: Duration) -> bool:
        return self.nanoseconds < other.nanoseconds

    def __le__(self, other: Duration) -> bool:
        return self.nanoseconds <= other.nanoseconds

    def __gt__(self, other: Duration) -> bool:
        return self.nanoseconds > other.nanoseconds

    def __ge__(self, other: Duration) -> bool:
        return self.nanoseconds >= other.nanoseconds


class Optional:
    """CEL's optional value: `NONE`, or a value wrapped."""

    __slots__ = ("present", "value")

    def __init__(self, value: Any, present: bool = True) -> None:
        self.value = value
        self.present = present

    def __repr__(self) -> str:
        return f"Optional({self.value!r})" if self.present else "NONE"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Optional) and equals(self, other)

    def __hash__(self) -> int:
        return hash(("optional", self.present))


NONE = Optional(None, present=False)


class _BooleanKey:
    """A boolean as a map's key."""

    __slots__ = ("value",)

    def __init__(self, value: bool) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "true" if self.value else "false"


_TRUE_KEY = _BooleanKey(True)
_FALSE_KEY = _BooleanKey(False)


def map_key(value: Any) -> Any:
    """`value` as a key of a map's dict. Raises `EvaluationError` for what CEL refuses as a key."""
    if value is True:
        return _TRUE_KEY
    if value is False:
        return _FALSE_KEY
    if isinstance(value, int | str | float):
        return value
    raise error(f"unsupported key type: {type_name(value)}")


def key_value(key: Any) -> Any:
    """The CEL value of a map's dict key: the inverse of `map_key`."""
    return key.value if key.__class__ is _BooleanKey else key


def entries(mapping: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The map's keys and values, keys as CEL values."""
    return ((key_value(key), value) for key, value in mapping.items())


_TYPE_NAMES: dict[type, str] = {
    bool: "bool",
    int: "int",
    Uint: "uint",
    float: "double",
    str: "string",
    bytes: "bytes",
    list: "list",
    dict: "map",
    type(None): "null_type",
    Timestamp: "google.protobuf.Timestamp",
    Duration: "google.protobuf.Duration",
    Optional: "optional_type",
    TypeValue: "type",
}


def type_name(value: Any) -> str:
    """CEL's name of the value's type, as `type()` shows it (`google.protobuf.Timestamp`, …)."""
    name = _TYPE_NAMES.get(value.__class__)
    if name is not None:
        return name
    for python_type, cel_name in _TYPE_NAMES.items():
        if isinstance(value, python_type):
            return cel_name
    return getattr(value, "cel_type_name", value.__class__.__name__)


_NUMBERS = (int, float)


def equals(left: Any, right: Any) -> bool:
    """CEL's equality: numbers compare across types, other types are never equal to each other.

    An integer and a double compare as doubles, as their order does. NaN equals nothing, itself
    included (cel-spec, "Equality").
    """
    if left.__class__ is right.__class__:
        if left.__class__ is list:
            return len(left) == len(right) and all(map(equals, left, right))
        if left.__class__ is dict:
            return len(left) == len(right) and all(
                key in right and equals(value, right[key]) for key, value in left.items()
            )
        if left.__class__ is Optional:
            return left.present == right.present and (
                not left.present or equals(left.value, right.value)
            )
        return bool(left == right)
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    if isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS):
        if isinstance(left, float) or isinstance(right, float):
            return float(left) == float(right)
        return left == right
    return False
