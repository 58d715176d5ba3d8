"""Safe edits applied to a text."""

from __future__ import annotations

from demur.diagnostics import Checked, Edit, Position


def fixed_text(checked: Checked) -> str:
    """The file's text with every safe edit of its findings that does not overlap an earlier one."""
    text = checked.text
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)

    def offset(position: Position) -> int:
        return starts[position.line - 1] + position.column - 1

    edits = {
        edit
        for one in checked.diagnostics
        for edit in one.edits
        if edit.safe and edit.span.path == checked.path
    }
    ordered = sorted(edits, key=lambda edit: (edit.span.start, edit.span.end))
    applied: list[Edit] = []
    for edit in ordered:
        if not applied or applied[-1].span.end <= edit.span.start:
            applied.append(edit)
    for edit in reversed(applied):
        text = text[: offset(edit.span.start)] + edit.replacement + text[offset(edit.span.end) :]
    return text
