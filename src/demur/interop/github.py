"""Workflow commands of GitHub Actions, which mark lines in a pull request's files."""

from __future__ import annotations

from demur.interop.escaping import printable, printable_lines

COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
"""The commands by the severities of diagnostics."""


def workflow_command(kind: str, message: str, **properties: object) -> str:
    """One command without its line feed: `::error file=a.yaml,line=3::message`."""
    written = ",".join(
        f"{name}={_property(printable(str(value)))}" for name, value in properties.items()
    )
    return f"::{kind} {written}::{_data(printable_lines(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
