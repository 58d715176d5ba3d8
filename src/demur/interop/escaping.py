"""Text from anywhere as each place takes it, where it is shown and nothing obeys it.

Foreign text is what records, results, policies, bundles, runbooks, files' names and other programs'
errors hold. Whoever writes it somewhere takes the function of that place:

====================  ==========================================================================
a terminal, a log     `printable`, a line; `printable_lines`, several; `calm`, a report in colours
JSON                  `interop.json.json_text`, `json_line`
XML                   `interop.junit`, which cleans whatever it is given
HTML                  `report.html.element.element`, which escapes whatever it is given
GitHub's commands     `interop.github.workflow_command`, which escapes whatever it is given
Markdown              `interop.github_markdown`; pages for reviewers have `export.docs.markdown`
SARIF                 `interop.sarif`, by way of JSON
PromQL, YAML          `backends.promql.text`, and what ruamel.yaml writes
notifications         `unaddressed`
====================  ==========================================================================
"""

from __future__ import annotations

import re

_LOG_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
"""What GitHub, Azure Pipelines and TeamCity take for a command wherever in a line it stands."""
_FIRST_IN_LINE = re.compile(r"^((?:\x1b\[[0-9;]*m|[^\S\n])*):(?=:)", re.MULTILINE)
"""What GitHub takes for a command where a line begins with it, colours aside."""
_ADDRESS = re.compile(r"<(?=[!@#]|[A-Za-z][\w+.-]*:)")
"""What Slack takes for a call to a person, a channel or everybody, or for a link with another text."""


def printable(text: str) -> str:
    """The text in one line, with nothing in it that a terminal or the log of a CI job would obey."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else " " if character.isspace() else "\ufffd"
            for character in text
        )
    return calm(text)


def printable_lines(text: str) -> str:
    """The text in its own lines, otherwise as `printable`."""
    return "\n".join(map(printable, text.replace("\r\n", "\n").split("\n")))


def calm(text: str) -> str:
    """A drawn text, in which colours stay, without commands that the log of a CI job would obey.

    A command could end the masking of secrets, or silence the log from there on.
    """
    if "##" in text:
        text = _LOG_COMMAND.sub("# #", text)
    return _FIRST_IN_LINE.sub(r"\1: ", text) if "::" in text else text


def calm_markup(text: str) -> str:
    """The same for XML and HTML, where a reader of the markup still finds the same text."""
    if "##" in text:
        text = _LOG_COMMAND.sub("#&#35;", text)
    return _FIRST_IN_LINE.sub(r"\1&#58;", text) if "::" in text else text


def calm_json(text: str) -> str:
    """The same for JSON: only within its strings can such text stand, and lines begin otherwise."""
    return _LOG_COMMAND.sub(r"#\\u0023", text) if "##" in text else text


def unaddressed(text: str) -> str:
    """The text in its own lines for a message to people, calling nobody and linking nowhere."""
    return _ADDRESS.sub("< ", printable_lines(text))
