"""The runbook's section on what failed: Markdown, drawn without whatever could act."""

from __future__ import annotations

from xml.etree.ElementTree import Element, fromstring

from demur.measure.results import GateResult
from demur.report.html.element import element, visible


def runbook_section(result: GateResult) -> Element | None:
    """What to do; None where there is nothing to do or the runbook does not say."""
    if not result.runbook_section.strip():
        return None
    source = element("p", "From ", element("code", result.runbook), ".", class_="note")
    return element(
        "section",
        element("h2", "Runbook"),
        source if result.runbook else None,
        markdown(result.runbook_section),
        id="runbook",
    )


def markdown(text: str) -> Element:
    """The text drawn: HTML in it is shown as text, images are left out, headings start at h3."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
    tokens = parser.disable("image").parse(text)
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    highest = min((int(token.tag[1:]) for token in headings), default=1)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1:]) - highest + 3, 6)}"
    drawn = parser.renderer.render(tokens, parser.options, {})
    # The renderer escapes everything, so this is XML once no control is left in it.
    return fromstring(f'<div class="markdown">{visible(drawn)}</div>')
