"""No test file, however malformed, makes `demur test` raise or pass unseen."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example, given
from hypothesis import strategies as st

from demur import testing
from demur.testing import formats
from tests.testing.files import GIVEN, write

VALID = f"""\
policy: policy.yaml
params: {{floor: 0.6}}
tests:
  - name: first
    given: {GIVEN}
    stage: answer
    expect: {{action: answer, rules: [], failures: [], unknown: []}}
  - name: table
    given: {GIVEN}
    expect: {{action: abstain}}
    cases:
      - {{name: a, without: [answer.confidence], expect: {{unknown: [answer.confidence]}}}}
      - {{name: b, with: {{answer: {{confidence: .nan}}}}, stage: answer}}
      - {{name: c, expect_at: {{request: {{action: answer}}}}, expect: {{action: answer}}}}
"""
FRAGMENTS = [
    "",
    "[",
    "{",
    "}",
    ":",
    "- ",
    "null",
    "7",
    "\n",
    "\t",
    "&a ",
    "*a",
    "!",
    ".nan",
    "\0",
    "é",
]


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """The valid file with a stretch of it replaced."""
    start = draw(st.integers(0, len(VALID)))
    end = draw(st.integers(start, min(len(VALID), start + 12)))
    return VALID[:start] + draw(st.sampled_from(FRAGMENTS)) + VALID[end:]


@given(damaged())
@example(VALID)
def test_a_damaged_file_is_reported(text: str) -> None:
    with TemporaryDirectory() as folder:
        report = testing.run([write(Path(folder), text)])
        shown = [formats.write(name, report) for name in formats.FORMATS]
    assert all(shown[1:])
    if not report.cases:
        assert not report.passed
        assert any(file.diagnostics for file in report.files)


def test_the_file_is_valid_before_it_is_damaged(tmp_path: Path) -> None:
    report = testing.run([write(tmp_path, VALID)])
    assert (report.passed, len(report.cases)) == (True, 4)
