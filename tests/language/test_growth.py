"""Whatever a file holds much of takes time in proportion to it: a file twice as long, twice as much."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from demur import suggestions
from demur.cel import names
from demur.diagnostics import InvalidSource
from demur.language.compile import compile_file
from demur.lint import CODES
from demur.lint.run import lint_file
from demur.report.formats import text
from tests.language.grown import GROWN, HEAD, entries, rule, rules
from tests.steps import growth

NEAR = 2.4
"""What takes twice the steps for twice the size takes a little more where lists double as well."""


@pytest.fixture(autouse=True)
def few_names_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few that the files here have more."""
    monkeypatch.setattr(suggestions, "MOST_COMPARED", 40)
    monkeypatch.setattr(names, "MOST_COMPARED", 40)


@pytest.mark.parametrize("way", GROWN)
def test_linting_grows_with_the_file(way: str, tmp_path: Path) -> None:
    def lint(size: int) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(GROWN[way](size))
        text.write([lint_file(path, "policy.yaml")], CODES)

    assert growth(lint, 100) < NEAR


@pytest.mark.parametrize("way", GROWN)
def test_compiling_grows_with_the_file(way: str, tmp_path: Path) -> None:
    def compile(size: int) -> None:
        path = tmp_path / "policy.yaml"
        path.write_text(GROWN[way](size))
        with suppress(InvalidSource):
            compile_file(path)

    assert growth(compile, 100) < NEAR


def test_an_expression_that_doubles_with_each_definition_is_refused_with_its_place(
    tmp_path: Path,
) -> None:
    doubled = entries(
        "define", 60, lambda at: f"d{at}: {f'd{at - 1} + d{at - 1}' if at else 'request.n'}"
    )
    path = tmp_path / "policy.yaml"
    path.write_text(HEAD + doubled + rules(1, lambda at: rule(at, "d59 > 3")))
    found = [one for one in lint_file(path, "policy.yaml").diagnostics if one.code == "DM430"]
    assert [one.span and one.span.start.line for one in found] == [24]
    assert "16,383" in found[0].message


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(
            entries("define", 200, lambda at: f"d{at}: {f'd{at - 1} + 1' if at else 'request.n'}")
            + rules(1, lambda at: rule(at, "d199 > 3")),
            id="a long chain",
        ),
        pytest.param(
            rules(
                1,
                lambda at: rule(
                    at,
                    f"cel.bind(b, request.n, {''.join('cel.bind(b, b + b, ' for _ in range(30))}b > 3"
                    + ")" * 31,
                ),
            ),
            id="what is bound doubles",
        ),
        pytest.param(
            f"define: {{many: '[{', '.join(map(str, range(2000)))}]'}}\n"
            + rules(600, lambda at: rule(at, f"request.n in many || {at} in many")),
            id="a long list in every rule",
        ),
        pytest.param(
            entries(
                "define", 40, lambda at: f"d{at}: {f'd{at - 1} + d{at - 1}' if at else 'request.n'}"
            )
            + "metrics: {m: mean(double(d39))}\n"
            + rules(1),
            id="a metric",
        ),
        pytest.param(
            entries(
                "define", 13, lambda at: f"d{at}: {f'd{at - 1} + d{at - 1}' if at else 'request.n'}"
            )
            + rules(1, lambda at: rule(at, more=', why: "{{d12 + d12}}"')),
            id="a message",
        ),
    ],
)
def test_what_would_be_too_large_written_out_is_refused(whole: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(HEAD + whole)
    assert "DM430" in {one.code for one in lint_file(path, "policy.yaml").diagnostics}
