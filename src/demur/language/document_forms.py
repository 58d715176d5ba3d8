"""The forms of names, texts and numbers in policy and test files."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.fields import FieldInfo

from demur.cel.syntax import KEYWORDS, RESERVED
from demur.functions.values import INT_MAX

NAME_FORM = r"^[a-z][a-z0-9_]*$"
LABEL_FORM = r"^[a-z][a-z0-9_-]*$"
POLICY_FORM = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
WINDOW_FORM = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$"
TIMEOUT_FORM = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
VERSION_FORM = (
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$"
)
TARGET_FORM = (
    r"^(python:[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*|https?://[^\s]+|command:.+)$"
)
WORDS = sorted(KEYWORDS | RESERVED)
"""What the expression language keeps for itself."""
BOUND = sorted(("baseline", "decision", "outcome", "params"))
"""What expressions call by these names already."""


def _free(name: str) -> str:
    if name in WORDS:
        raise ValueError(f"`{name}` is a word of the expression language")
    return name


def _unbound(name: str) -> str:
    if name in BOUND:
        raise ValueError(f"expressions mean something else by `{name}`")
    return name


def _finite(bound: float) -> float:
    if not abs(bound) <= sys.float_info.max:
        raise ValueError("a bound is a finite number")
    return bound


def _lasting(window: str) -> str:
    if not set(window) & set("123456789"):
        raise ValueError("a window is longer than nothing")
    return window


def _none_of(names: Iterable[str]) -> FieldInfo:
    """What tells editors that these names are taken."""
    return Field(json_schema_extra={"not": {"enum": [*names]}})


FieldName = Annotated[str, StringConstraints(pattern=NAME_FORM, max_length=100)]
Name = Annotated[FieldName, AfterValidator(_free), _none_of(WORDS)]
"""A name that expressions use."""
TopName = Annotated[
    FieldName,
    AfterValidator(_free),
    AfterValidator(_unbound),
    _none_of([*WORDS, *BOUND]),
]
"""A name that expressions begin with."""
Label = Annotated[str, StringConstraints(pattern=LABEL_FORM, max_length=100)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=16_384)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
Window = Annotated[str, StringConstraints(pattern=WINDOW_FORM), AfterValidator(_lasting)]
Timeout = Annotated[str, StringConstraints(pattern=TIMEOUT_FORM), AfterValidator(_lasting)]
Number = Annotated[int | float, AfterValidator(_finite), WithJsonSchema({"type": "number"})]
"""A bound; whole numbers keep all their digits."""
Samples = Annotated[int, Field(ge=1, le=INT_MAX)]
Confidence = Annotated[float, Field(gt=0.5, lt=1)]
SliceBy = Annotated[list[Text], Field(max_length=8)]


class Model(BaseModel):
    """A section of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)
