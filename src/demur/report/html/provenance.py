"""What the result stands on: signals that were unknown, what fell back to Python, and the versions."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from demur.measure.results import GateResult
from demur.report import version
from demur.report.gates.wording import digest, why_unknown
from demur.report.html.element import Child, element
from demur.report.html.failures import share_bar
from demur.report.html.numbers import number


def unknown_section(result: GateResult) -> Element | None:
    """How many records had each signal unknown, the most first; None where none was."""
    found = sorted(result.unknown_signals.items(), key=lambda item: -item[1])
    if not any(count for _, count in found):
        return None
    return element(
        "section",
        element("h2", "Unknown signals"),
        element("p", "An unknown record counts as the worst for each requirement.", class_="note"),
        element(
            "table",
            element("caption", "Records in which each signal was unknown", class_="hidden"),
            element(
                "thead",
                element(
                    "tr",
                    element("th", "signal", scope="col"),
                    element("th", "records", scope="col", class_="number"),
                    element("th", "reason", scope="col"),
                ),
            ),
            element(
                "tbody",
                (
                    element(
                        "tr",
                        element("th", element("code", path), scope="row"),
                        element(
                            "td",
                            number(count),
                            share_bar(count, result.records, "failing"),
                            class_="number",
                        ),
                        element("td", why_unknown(result, path).strip(" ()")),
                    )
                    for path, count in found
                    if count
                ),
            ),
            class_="unknown",
        ),
        id="unknown",
    )


def footer(result: GateResult) -> Element:
    """The policy, its digest, the engine, the files and the version of demur."""
    return element(
        "footer",
        element("h2", "Provenance"),
        element(
            "dl", ((element("dt", name), element("dd", value)) for name, value in _rows(result))
        ),
    )


def _rows(result: GateResult) -> Iterator[tuple[str, Child]]:
    path = [" in ", element("code", result.policy_path)] if result.policy_path else None
    yield "policy", [result.policy, path]
    yield "digest", element("code", result.digest)
    yield "gate", result.gate
    yield "owner", result.owner
    if result.runbook:
        yield "runbook", element("code", result.runbook)
    yield "engine", result.engine
    yield "results", [element("div", element("code", one)) for one in result.results]
    if result.baseline is not None:
        yield "baseline", element("code", result.baseline)
    for one in result.changes:
        yield "changed", f"{one.what}: {digest(one.before)} → {digest(one.now)}"
    if result.unchecked:
        yield "not checked", f"whether every case was run: {result.unchecked}"
    for what, reason in result.fallbacks:
        yield "by Python", [element("code", what), f": {reason}"]
    yield "demur", version()
