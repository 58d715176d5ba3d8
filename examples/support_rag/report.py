"""The demonstration's printing: headings, aligned tables and bars; colour only on a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence

ACTIONS = ("answer", "flag", "fallback", "escalate", "abstain", "refuse")
STYLES = {
    "answer": "32",
    "flag": "36",
    "fallback": "36",
    "escalate": "33",
    "abstain": "35",
    "refuse": "31",
    "heading": "1",
    "faint": "2",
}
WIDTH = 96
BAR = 40


def styled(text: str, style: str) -> str:
    """The text in a style, or plain where the output is not a terminal or NO_COLOR is set."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def title(text: str) -> None:
    """The first line."""
    print(styled(text, "heading"))


def heading(text: str) -> None:
    """The line over a part, after an empty one."""
    print(f"\n{styled(text, 'heading')}\n{styled('-' * len(text), 'faint')}")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their longest cell; the first to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for position, row in enumerate(cells):
        first, *others = zip(row, widths, strict=True)
        line = "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])
        print(styled(line, "faint") if position == 0 else line)


def bars(counts: Mapping[str, int], order: Sequence[str] | None = None) -> None:
    """A bar for each name, in the given order or by falling count."""
    names = list(order or sorted(counts, key=lambda name: -counts[name]))
    widest = max((len(name) for name in names), default=0)
    most = max(counts.values(), default=0)
    for name in names:
        count = counts.get(name, 0)
        bar = "#" * round(BAR * count / most) if most else ""
        label = styled(name.ljust(widest), name if name in STYLES else "faint")
        print(f"{label}  {count:>4}  {bar}".rstrip())


def decision(action: str, rule: str | None, lines: Iterable[tuple[str, str | None]]) -> None:
    """One decision: its action and rule, then each line that has something to say."""
    print(f"{styled(action.upper(), action)} {f'by {rule}' if rule else '(no rule fired)'}")
    for label, text in lines:
        if text:
            wrapped = textwrap.wrap(text, WIDTH - 11)
            print(f"  {styled(label.ljust(8), 'faint')} {wrapped[0]}")
            for line in wrapped[1:]:
                print(" " * 11 + line)
    print()


def number(value: float) -> str:
    """A score with two decimals."""
    return f"{value:.2f}"


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{share:.1%}"
