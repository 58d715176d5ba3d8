"""A test file twice as long takes twice as much."""

from __future__ import annotations

from pathlib import Path

import pytest

from demur.testing import run
from tests.language.grown import HEAD, rules
from tests.steps import growth

_CASE = "given: {{request: {{n: 4, text: a}}}}, expect: {{action: refuse}}"
FORMS = {
    "tests": f"  - {{{{name: t{{0}}, {_CASE}}}}}\n",
    "tests of one name": f"  - {{{{name: t, {_CASE}}}}}\n",
    "names of nothing": "  - {{name: t{0}, given: {{request: {{m{0}: 4}}}}, expect: {{rule: x{0}}}}}\n",
}
TABLE = "  - name: t\n    given: {request: {n: 4, text: a}}\n    cases:\n"
ROW = "      - {{name: c{0}, with: {{request: {{n: 3}}}}, expect: {{action: answer}}}}\n"


@pytest.mark.parametrize("kind", [*FORMS, "a table"])
def test_testing_grows_with_the_file(kind: str, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(HEAD + rules(1))
    path = tmp_path / "policy.test.yaml"

    def work(size: int) -> None:
        form, beginning = (ROW, TABLE) if kind == "a table" else (FORMS[kind], "")
        lines = "".join(form.format(at) for at in range(size))
        path.write_text(f"tests:\n{beginning}{lines}")
        run([path])

    assert growth(work, 50) < 2.4
