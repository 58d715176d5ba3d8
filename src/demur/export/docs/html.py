"""The page as HTML: Markdown drawn without whatever could act, in the style of the reports."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

from markdown_it import MarkdownIt

from demur.interop.runbooks import heading_anchors
from demur.report.html.element import element, visible
from demur.report.html.page import page


def html(title: str, text: str) -> str:
    """A whole page. HTML in the Markdown is shown as text, images are left out, headings get anchors."""
    parser = MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable("table")
    tokens = parser.disable("image").parse(text)
    headings = (token for token in tokens if token.type == "heading_open")
    for heading, anchor in zip(headings, heading_anchors(tokens), strict=True):
        heading.attrSet("id", anchor)
    drawn = parser.renderer.render(tokens, parser.options, {})
    # The renderer escapes everything, so this is XML once no control is left in it.
    body = fromstring(f'<div class="document">{visible(drawn)}</div>')
    return page(title, element("article", list(body)))
