"""Findings of every kind, as lint gives them."""

from __future__ import annotations

from demur.diagnostics import Checked, Diagnostic, Edit, Position, Severity, Span

TEXT = (
    "demur: 1\r\n"
    "rules:\n"
    "  late: {when: anser.confidence < 0.7, then: flag}\n"
    "  日本語: {when: 'request.text == \"日本語\" && tru', then: flag}\n"
    "  long: {when: >-\n"
    "    request.text == 'a'\n"
    "    || request.text == 'b'}\n"
)
PATH = "policies/my, policy: 100%.yaml"


def span(line: int, start: int, end: int, last: int | None = None, path: str = PATH) -> Span:
    return Span(path, Position(line, start), Position(last or line, end))


CODES = {
    "DM304": (
        "unknown-name",
        "A name that nothing declares",
        "Names are signals, parameters and definitions.\n\nWrong:\n\n```yaml\nwhen: anser.x\n```",
    ),
    "DM501": ("long-condition", "A condition is hard to read", "Give its parts names in `define`."),
}

RESULTS = (
    Checked(
        PATH,
        TEXT,
        (
            Diagnostic(
                "DM304",
                "unknown-name",
                Severity.ERROR,
                "There is no `anser.confidence`.",
                span(3, 16, 32),
                "Did you mean `answer.confidence`?",
                (Edit(span(3, 16, 21), "answer", safe=True),),
            ),
            Diagnostic(
                "DM304",
                "unknown-name",
                Severity.ERROR,
                "There is no `tru`.",
                span(4, 41, 44),
                "Write one of:\ntrue\nfalse",
            ),
            Diagnostic(
                "DM501",
                "long-condition",
                Severity.WARNING,
                "The condition spans 3 lines: 50% of the file.",
                span(5, 16, 27, last=7),
            ),
        ),
        suppressed=2,
    ),
    Checked("policies/clean.yaml", "demur: 1\n", ()),
    Checked(
        "policies/missing.yaml",
        "",
        (
            Diagnostic(
                "DM101",
                "unreadable-file",
                Severity.ERROR,
                "The file cannot be read: it is a folder & <no> file\x07.",
            ),
            Diagnostic("DM599", "a-note", Severity.NOTE, "Nothing reads `x`."),
        ),
    ),
)
