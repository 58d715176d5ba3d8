"""The page itself: head, styles, and the rule that it reaches for nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from demur.report.html.element import Child, document, element


def page(title: str, *children: Child, styles: Sequence[str] = ("style",)) -> str:
    """A whole HTML page. It allows itself its one style sheet, made of `styles`, and forbids all else."""
    style = "".join(
        Path(__file__).with_name(f"{name}.css").read_text(encoding="utf-8") for name in styles
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return document(
        element(
            "html",
            element(
                "head",
                element("meta", charset="utf-8"),
                element("meta", http_equiv="Content-Security-Policy", content=policy),
                element("meta", name="viewport", content="width=device-width, initial-scale=1"),
                element("meta", name="referrer", content="no-referrer"),
                element("meta", name="color-scheme", content="light dark"),
                element("title", title),
                element("style", style),
            ),
            element("body", element("main", *children)),
            lang="en",
        )
    )
