"""A file's tree to its document: by the schema first, then by the models for what it cannot say."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from demur.diagnostics import Diagnostic, Position, Span
from demur.language.document import PolicyDocument
from demur.language.document_codes import finding
from demur.language.document_of_tests import TestDocument
from demur.language.nodes import MappingNode, Node, ScalarNode, locate, plain
from demur.language.schema import span_at, validate
from demur.language.source import Source

M = TypeVar("M", bound=BaseModel)


def load_document(source: Source) -> tuple[PolicyDocument | None, list[Diagnostic]]:
    """The policy document in a file, or the diagnostics of why there is none."""
    document, diagnostics = _load(source, PolicyDocument, "policy")
    if isinstance(source.root, MappingNode):
        problems = _scope_problems(source.root)
        if problems:
            return None, [*diagnostics, *problems]
    return document, diagnostics


def load_test_document(source: Source) -> tuple[TestDocument | None, list[Diagnostic]]:
    """The test document in a file, or the diagnostics of why there is none."""
    return _load(source, TestDocument, "test")


def _load(source: Source, model: type[M], kind: str) -> tuple[M | None, list[Diagnostic]]:
    if source.root is None:
        if source.diagnostics:
            return None, []
        beginning = Position(1, 1)
        span = Span(source.path, beginning, beginning)
        advice = "Begin with `demur: 1`." if kind == "policy" else "Begin with `tests:`."
        return None, [finding("DM202", "The file is empty.", span, advice)]
    if not isinstance(source.root, MappingNode):
        return None, [finding("DM203", "The file must be a mapping.", source.root.span)]
    diagnostics = validate(source.root, kind)
    if diagnostics:
        return None, diagnostics
    try:
        return model.model_validate(plain(source.root)), []
    except ValidationError as error:
        return None, [_placed(one, source.root) for one in error.errors()]


def _placed(error: Any, root: Node) -> Diagnostic:
    """An error of pydantic in the file; its path also names alternatives, which are no keys."""
    path: list[str | int] = []
    node: Node | None = root
    for step in error["loc"]:
        inner = locate(node, (step,))
        if inner is not None:
            path.append(step)
            node = inner
    message = error["msg"].removeprefix("Value error, ")
    return finding("DM209", f"{message[0].upper()}{message[1:]}.", span_at(root, tuple(path)))


def _scope_problems(root: MappingNode) -> list[Diagnostic]:
    """In `scope` only `otherwise` is a mapping, and it is one."""
    scope = root.get("scope")
    if not isinstance(scope, MappingNode):
        return []
    found: list[Diagnostic] = []
    for entry in scope.entries:
        name = entry.key.text
        if name == "otherwise" and isinstance(entry.value, ScalarNode):
            advice = "Write `otherwise: {then: refuse, say: …}`."
            found.append(
                finding("DM203", "`otherwise` must be a mapping.", entry.value.span, advice)
            )
        elif name != "otherwise" and not isinstance(entry.value, ScalarNode):
            advice = "A scope entry is a condition; what follows stands in `otherwise`."
            found.append(finding("DM203", f"`{name}` must be text.", entry.value.span, advice))
    return found
