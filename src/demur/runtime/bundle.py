"""Bundles: a compiled policy as one line of canonical JSON with its digest.

    {"demur_bundle":1,"digest":"sha256:…","policy":{…}}

The digest is SHA-256 over the bytes of the policy's JSON, which is canonical: keys sorted, no
spaces, ASCII. So the same policy gives the same bytes on every machine, and the loader need not
write the JSON again to check it. An expression is an array `[kind, type, …]`; its parts follow in
the order of the node's fields.
"""

from __future__ import annotations

from demur.functions.values import Duration, Timestamp, Uint
from demur.policy import (
    Bind,
    Call,
    Comprehension,
    Constant,
    Expression,
    Field,
    Has,
    ListLiteral,
    MapLiteral,
    Parameter,
    ParameterValue,
    Policy,
    Reference,
    Response,
    Rule,
    Shape,
    Signal,
    Variable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FORMAT = 1
LANGUAGE = 1
"""The newest language version that this demur reads."""
_PREFIX = f'{{"demur_bundle":{FORMAT},"digest":"sha256:'.encode()
_MIDDLE = b'","policy":'
_DIGEST_LENGTH = 64
MAXIMUM_SIZE = 64 * 1024 * 1024
"""Bytes beyond which a bundle is refused unread."""


class BundleError(Exception):
    """A bundle that cannot be loaded; `code` is the diagnostic's, `help` what to do."""

    def __init__(self, code: str, message: str, help: str) -> None:
        self.code = code
        self.message = message
        self.help = help
        super().__init__(f"{code}: {message} {help}")


def encode(policy: Policy) -> bytes:
    """The bundle of a policy."""
    body = canonical(policy)
    return _PREFIX + sha256(body).encode() + _MIDDLE + body + b"}\n"


def digest(policy: Policy) -> str:
    """The policy's identity: `sha256:` and the digest of its canonical JSON."""
    return f"sha256:{sha256(canonical(policy))}"


def is_bundle(data: bytes) -> bool:
    """Whether this looks like a bundle, of whatever format, rather than a policy file."""
    return data.lstrip()[:1] == b"{" and b'"demur_bundle"' in data[:200]


def decode(data: bytes) -> tuple[Policy, str]:
    """The policy in a bundle and its digest. Raises `BundleError`."""
    if len(data) > MAXIMUM_SIZE:
        raise BundleError("DM701", "The bundle is too large.", "Bundles have at most 64 MiB.")
    digest, body = _split(data)
    if sha256(body) != digest:
        raise BundleError(
            "DM704",
            "The bundle's content does not match its digest.",
            "It was changed or cut after it was compiled: compile the policy again.",
        )
    try:
        content = parse_json(body)
    except (ValueError, RecursionError, StopIteration):
        raise _malformed() from None
    language = content.get("demur") if isinstance(content, dict) else None
    if isinstance(language, int) and language > LANGUAGE:
        raise _newer(f"language version {language}")
    try:
        return _read_policy(content), f"sha256:{digest}"
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise _malformed() from None


def _split(data: bytes) -> tuple[str, bytes]:
    """The digest and the policy's bytes."""
    start = len(_PREFIX)
    if not data.startswith(_PREFIX):
        other = data.lstrip()[:40].decode("ascii", "replace")
        number = other.partition('"demur_bundle":')[2].partition(",")[0].strip()
        if number.isdigit() and int(number) > FORMAT:
            raise _newer(f"bundle format {number}")
        raise BundleError(
            "DM702",
            "This is not a bundle that demur wrote.",
            "Compile it with `demur compile POLICY -o FILE`; bundles are not edited by hand.",
        )
    middle = start + _DIGEST_LENGTH
    if data[middle : middle + len(_MIDDLE)] != _MIDDLE or not data.endswith(b"}\n"):
        raise BundleError(
            "DM703", "The bundle is cut short.", "Copy it again, or compile the policy again."
        )
    return data[start:middle].decode("ascii", "replace"), data[middle + len(_MIDDLE) : -2]


def _newer(what: str) -> BundleError:
    return BundleError(
        "DM705",
        f"The bundle is of a newer demur ({what}).",
        "Update demur, or compile the policy with this version.",
    )


def _malformed() -> BundleError:
    return BundleError(
        "DM706",
        "The bundle's content is not a compiled policy.",
        "Compile the policy again with this version of demur.",
    )


def canonical(policy: Policy) -> bytes:
    """The policy as canonical JSON."""
    import json

    text = json.dumps(
        _write_policy(policy),
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=True,
        allow_nan=False,
    )
    return text.encode("ascii")


def sha256(data: bytes) -> str:
    """The SHA-256 of `data` in hexadecimal.

    Python's own implementation is taken where it is built in: importing `hashlib` loads OpenSSL,
    which costs more than all the rest of loading a bundle.
    """
    for module in ("_sha2", "_sha256"):
        try:
            return __import__(module).sha256(data).hexdigest()
        except (ImportError, AttributeError):
            continue
    import hashlib

    return hashlib.sha256(data).hexdigest()


class _Scanning:
    """What the scanner under `json` asks for; the package itself would import `re`, and much more."""

    strict = True
    object_hook = None
    object_pairs_hook = None
    parse_float = float
    parse_int = int
    memo: dict[str, str] = {}

    @staticmethod
    def parse_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")


def parse_json(data: bytes) -> Any:
    """The data of canonical JSON. Raises ValueError."""
    text = data.decode("ascii")
    try:
        make_scanner = __import__("_json").make_scanner
    except (ImportError, AttributeError):
        import json

        return json.loads(text)
    value, end = make_scanner(_Scanning)(text, 0)
    if end != len(text):
        raise ValueError("more than one JSON value")
    return value


def write_expression(node: Expression) -> list[Any]:
    """An expression as JSON data."""
    write = write_expression
    match node:
        case Constant(value=value):
            return ["constant", node.type, _write_value(value)]
        case Variable(name=name):
            return ["variable", node.type, name]
        case Signal(stage=stage, name=name):
            return ["signal", node.type, stage, name]
        case Parameter(name=name):
            return ["parameter", node.type, name]
        case Reference(name=name):
            return ["reference", node.type, name]
        case Field(operand=operand, name=name):
            return ["field", node.type, write(operand), name]
        case Has(operand=operand):
            return ["has", node.type, write(operand)]
        case Call(function=function, arguments=arguments):
            return ["call", node.type, function, *map(write, arguments)]
        case ListLiteral(elements=elements, optional=optional):
            return ["list", node.type, list(optional), *map(write, elements)]
        case MapLiteral(entries=entries, optional=optional):
            pairs = [[write(key), write(value)] for key, value in entries]
            return ["map", node.type, list(optional), *pairs]
        case Comprehension(kind=kind, source=source, variables=variables, body=body):
            condition = None if node.condition is None else write(node.condition)
            parts = [kind, write(source), list(variables), condition, write(body)]
            return ["comprehension", node.type, *parts]
        case Bind(variable=variable, value=value, body=body):
            return ["bind", node.type, variable, write(value), write(body)]


def read_expression(data: Any) -> Expression:
    """The expression that `write_expression` wrote. Raises LookupError, TypeError or ValueError."""
    return _READERS[data[0]](data)


def _read_map(data: Any) -> MapLiteral:
    entries = tuple((read_expression(key), read_expression(value)) for key, value in data[3:])
    return MapLiteral(entries, tuple(data[2]), data[1])


def _read_comprehension(data: Any) -> Comprehension:
    _, type, kind, source, variables, condition, body = data
    filtered = None if condition is None else read_expression(condition)
    return Comprehension(
        kind, read_expression(source), tuple(variables), filtered, read_expression(body), type
    )


def _read_has(data: Any) -> Has:
    operand = read_expression(data[2])
    if not isinstance(operand, Signal | Field):
        raise TypeError("has() of neither a signal nor a field")
    return Has(operand, data[1])


def _read_many(data: Any) -> tuple[Expression, ...]:
    return tuple([read_expression(part) for part in data])


_READERS: dict[str, Callable[[Any], Expression]] = {
    "constant": lambda d: Constant(_read_value(d[2], d[1]), d[1]),
    "variable": lambda d: Variable(d[2], d[1]),
    "signal": lambda d: Signal(d[2], d[3], d[1]),
    "parameter": lambda d: Parameter(d[2], d[1]),
    "reference": lambda d: Reference(d[2], d[1]),
    "field": lambda d: Field(read_expression(d[2]), d[3], d[1]),
    "has": _read_has,
    "call": lambda d: Call(d[2], _read_many(d[3:]), d[1]),
    "list": lambda d: ListLiteral(_read_many(d[3:]), tuple(d[2]), d[1]),
    "map": _read_map,
    "comprehension": _read_comprehension,
    "bind": lambda d: Bind(d[2], read_expression(d[3]), read_expression(d[4]), d[1]),
}


def _write_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Timestamp | Duration):
        return value.nanoseconds
    if isinstance(value, float) and value - value != 0.0:
        return str(value)
    return int(value) if isinstance(value, Uint) else value


def _read_value(value: Any, type: str) -> Any:
    match type:
        case "bytes":
            return bytes.fromhex(value)
        case "timestamp":
            return Timestamp(value)
        case "duration":
            return Duration(value)
        case "uint":
            return Uint(value)
        case "double":
            return float(value)
        case _:
            return value


_SHAPE_FIELDS = (
    "enum",
    "minimum",
    "maximum",
    "maximum_size",
    "optional",
    "pii",
    "unit",
    "otel",
)


def _write_shape(shape: Shape) -> dict[str, Any]:
    written: dict[str, Any] = {"type": shape.type}
    for field in _SHAPE_FIELDS:
        value = getattr(shape, field)
        if value is not None and value is not False:
            written[field] = list(value) if isinstance(value, tuple) else value
    if shape.of is not None:
        written["of"] = _write_shape(shape.of)
    if shape.fields is not None:
        written["fields"] = {name: _write_shape(field) for name, field in shape.fields.items()}
    return written


def _read_shape(data: Any) -> Shape:
    given = dict(data)
    type = given.pop("type")
    if type not in _TYPES:
        raise ValueError(f"no such type: {type}")
    if "of" in given:
        given["of"] = _read_shape(given["of"])
    if "fields" in given:
        given["fields"] = {name: _read_shape(field) for name, field in given["fields"].items()}
    if "enum" in given:
        given["enum"] = tuple(given["enum"])
    return Shape(type, **given)


_TYPES = frozenset(
    "bool int uint double string bytes timestamp duration list map object dyn".split()
)


def _write_response(response: Response | None) -> list[Any] | None:
    if response is None:
        return None
    return [
        response.action,
        response.failure,
        [_write_part(part) for part in response.say],
        [_write_part(part) for part in response.why],
    ]


def _write_part(part: str | Expression) -> Any:
    return part if isinstance(part, str) else write_expression(part)


def _read_response(data: Any) -> Response | None:
    if data is None:
        return None
    action, failure, say, why = data
    if action not in _ACTIONS:
        raise ValueError(f"no such action: {action}")
    return Response(action, failure, _read_text(say), _read_text(why))


_ACTIONS = frozenset(("answer", "flag", "fallback", "escalate", "abstain", "refuse"))


def _read_text(parts: Any) -> tuple[str | Expression, ...]:
    return tuple([part if isinstance(part, str) else read_expression(part) for part in parts])


def _write_policy(policy: Policy) -> dict[str, Any]:
    return {
        "demur": policy.language,
        "policy": policy.name,
        "version": policy.version,
        "about": policy.about,
        "owner": policy.owner,
        "runbook": policy.runbook,
        "stages": [
            [stage, {name: _write_shape(shape) for name, shape in signals.items()}]
            for stage, signals in policy.stages.items()
        ],
        "outcome": {name: _write_shape(shape) for name, shape in policy.outcome.items()},
        "params": {
            name: [one.type, _write_value(one.value), one.minimum, one.maximum]
            for name, one in policy.parameters.items()
        },
        "define": [[name, write_expression(tree)] for name, tree in policy.definitions.items()],
        "failures": policy.failures,
        "rules": [
            [
                rule.name,
                rule.section,
                rule.stage,
                write_expression(rule.condition),
                _write_response(rule.response),
                _write_response(rule.on_unknown),
            ]
            for rule in policy.rules
        ],
        "evaluation": policy.evaluation,
    }


def _read_policy(data: Any) -> Policy:
    return Policy(
        language=data["demur"],
        name=data["policy"],
        version=data["version"],
        about=data["about"],
        owner=data["owner"],
        runbook=data["runbook"],
        stages={
            stage: {name: _read_shape(shape) for name, shape in signals.items()}
            for stage, signals in data["stages"]
        },
        outcome={name: _read_shape(shape) for name, shape in data["outcome"].items()},
        parameters={
            name: ParameterValue(type, _read_value(value, type), minimum, maximum)
            for name, (type, value, minimum, maximum) in data["params"].items()
        },
        definitions={name: read_expression(tree) for name, tree in data["define"]},
        failures=data["failures"],
        rules=tuple([_read_rule(rule) for rule in data["rules"]]),
        evaluation=data["evaluation"],
    )


def _read_rule(data: Any) -> Rule:
    name, section, stage, condition, response, on_unknown = data
    answer = _read_response(response)
    if answer is None:
        raise ValueError("a rule without a response")
    return Rule(
        name, section, stage, read_expression(condition), answer, _read_response(on_unknown)
    )
