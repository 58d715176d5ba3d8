"""Type inference: what a type parameter stands for, and whether one type may stand for another.

The rules are cel-spec's ("Gradual Type Checking"): `dyn` may stand for anything and anything for
it; null may stand for a timestamp, a duration, an optional, an object or an abstract type.
"""

from __future__ import annotations

from demur.types import BOOL, BYTES, DOUBLE, DYN, INT, NULL, STRING, TYPE, UINT, Signature, Type

_NEVER_NULL = frozenset((BOOL, INT, UINT, DOUBLE, STRING, BYTES, TYPE))


class Inference:
    """What each type parameter is known to be so far."""

    def __init__(self) -> None:
        self._known: dict[str, Type] = {}
        self._count = 0

    def fresh(self) -> Type:
        """A type parameter that nothing is known of."""
        self._count += 1
        return Type(f"@{self._count}")

    def instantiate(self, signature: Signature) -> Signature:
        """The signature with type parameters of its own."""
        names: dict[str, Type] = {}

        def renamed(type: Type) -> Type:
            if type.is_parameter:
                return names.setdefault(type.name, self.fresh())
            return Type(type.name, tuple(map(renamed, type.parameters)))

        parameters = tuple(map(renamed, signature.parameters))
        return Signature(parameters, renamed(signature.result), signature.method)

    def resolve(self, type: Type) -> Type:
        """`type` with all that is known put in; parameters that stay open remain."""
        if type.is_parameter:
            known = self._known.get(type.name)
            return type if known is None else self.resolve(known)
        if not type.parameters:
            return type
        return Type(type.name, tuple(map(self.resolve, type.parameters)))

    def final(self, type: Type) -> Type:
        """`type` with every parameter that stays open as `dyn`."""
        resolved = self.resolve(type)
        if resolved.is_parameter:
            return DYN
        return Type(resolved.name, tuple(map(self.final, resolved.parameters)))

    def accepts_all(self, targets: tuple[Type, ...], sources: tuple[Type, ...]) -> bool:
        """Whether each source may stand for its target; learns from it only if all may."""
        before = dict(self._known)
        if len(targets) == len(sources) and all(map(self._accepts, targets, sources)):
            return True
        self._known = before
        return False

    def accepts(self, target: Type, source: Type) -> bool:
        """Whether `source` may stand where `target` is needed; learns parameters from it."""
        return self.accepts_all((target,), (source,))

    def join(self, left: Type, right: Type) -> Type | None:
        """The type that both are, the more general of two that fit each other; else None."""
        if self.accepts(left, right) or self.accepts(right, left):
            return _more_general(self.resolve(left), self.resolve(right))
        return None

    def _accepts(self, target: Type, source: Type) -> bool:
        source = self.resolve(source)
        known = self._known.get(target.name) if target.is_parameter else None
        if known is not None:
            if not self._accepts(known, source):
                return False
            self._known[target.name] = _more_general(self.resolve(known), source)
            return True
        if target == source:
            return True
        if target.is_parameter:
            return self._learn(target, source)
        if source.is_parameter:
            return self._learn(source, target)
        if DYN in (target, source):
            self._open_to_anything(target)
            self._open_to_anything(source)
            return True
        if NULL in (source, target):
            other = target if source == NULL else source
            return other not in _NEVER_NULL and other.name not in ("list", "map")
        return (
            target.name == source.name
            and len(target.parameters) == len(source.parameters)
            and all(map(self._accepts, target.parameters, source.parameters))
        )

    def _open_to_anything(self, type: Type) -> None:
        """Makes each part of a type that stood for `dyn`, or `dyn` for it, `dyn` where it is open."""
        for part in map(self.resolve, type.parameters):
            if part.is_parameter:
                self._known[part.name] = DYN
            else:
                self._open_to_anything(part)

    def _learn(self, parameter: Type, type: Type) -> bool:
        resolved = self.resolve(type)
        if parameter == resolved:
            return True
        if _mentions(resolved, parameter):
            return False
        self._known[parameter.name] = resolved
        return True


def _mentions(type: Type, parameter: Type) -> bool:
    return type == parameter or any(_mentions(part, parameter) for part in type.parameters)


def _more_general(left: Type, right: Type) -> Type:
    if DYN in (left, right):
        return DYN
    if left.is_parameter or left == NULL:
        return right
    if right.is_parameter or right == NULL or len(left.parameters) != len(right.parameters):
        return left
    return Type(left.name, tuple(map(_more_general, left.parameters, right.parameters)))
