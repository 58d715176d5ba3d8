"""The codes of policy tests, as data; the reference is rendered from `TEST_CODES`."""

from __future__ import annotations

from demur.diagnostics import Diagnostic, Severity, Span

TEST_CODES: dict[str, tuple[str, str, str]] = {
    "DM601": (
        "no-tests",
        "There is nothing to test",
        "Nothing ran is never a pass. Tests of `NAME.yaml` stand beside it in `NAME.test.yaml`; "
        "folders are searched for such files.",
    ),
    "DM602": (
        "no-expectation",
        "A test expects nothing",
        "A test that expects nothing cannot fail. Write `expect` with at least one of `action`, "
        "`failure`, `rule`, `message`, `why`, `rules`, `failures`, `unknown`; or `expect_at` with "
        "an expectation for each stage; or `cases` that have them.",
    ),
    "DM603": (
        "duplicate-test",
        "Two tests have one name",
        "A name must say which test failed: tests of a file have different names, and so have the "
        "cases of one table.",
    ),
    "DM604": (
        "unknown-in-test",
        "A test names what the policy has not",
        "An expectation names rules, failures, actions, stages and signals of the policy. "
        "Wrong: `failure: retreival_miss`. Right: `failure: retrieval_miss`.",
    ),
    "DM605": (
        "policy-of-test",
        "The policy of a test file is not where it may be",
        "The policy of `NAME.test.yaml` is `NAME.yaml` beside it, or the file that the key "
        "`policy` names: relative to the test file, in its folder or beneath. "
        "Wrong: `policy: ../other.yaml`. Right: `policy: policies/other.yaml`.",
    ),
    "DM606": (
        "parameter-of-test",
        "A test file sets a parameter that it cannot",
        "`params` of a test file replaces values of the policy's `params`, within their bounds.",
    ),
    "DM607": (
        "nothing-to-leave-out",
        "A case leaves out what is not there",
        "`without` takes paths out of the record that `given` and `with` make. A path that is not "
        "in it is a slip: the case would test the same record as without it.",
    ),
    "DM608": (
        "too-early",
        "An expectation is about a rule that does not run yet",
        "A rule runs from the stage of its last signal on. At an earlier stage it can neither fire "
        "nor stay open.",
    ),
    "DM609": (
        "undeclared-in-test",
        "A test gives what the policy does not declare",
        "Only declared signals are read. What is given beyond them changes nothing, so most often "
        "it is a misspelt signal.",
    ),
    "DM610": (
        "expectation-not-met",
        "The policy decided otherwise than expected",
        "Either the policy is wrong or the expectation. `demur decide --explain` shows which rules "
        "spoke on which values.",
    ),
    "DM611": (
        "coverage-too-low",
        "The tests cover too few outcomes",
        "Each condition of a rule, and each condition within it, can be true, false or unknown. "
        "`--coverage` lists the outcomes that no test brought about.",
    ),
    "DM612": (
        "mutation-too-low",
        "The tests notice too few changes of the policy",
        "Each mutant is the policy with one change. A mutant that passes all tests survives: the "
        "tests would not notice such a slip. `--mutate` lists the survivors.",
    ),
    "DM613": (
        "traffic-of-test",
        "The traffic of an alert's test cannot be made",
        "A series is written in promtool's notation, a whole number of records for each step: "
        "`10x60` is 10 and then 60 times 10 again, `0+2x5` rises by 2 five times, `_x3` is three steps "
        "without a record. A time in `expect` is a multiple of `every`.",
    ),
}
"""Name, title, and an explanation for the reference."""


def problem(
    code: str,
    message: str,
    span: Span | None = None,
    help: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A finding about a test file or a run of tests."""
    return Diagnostic(code, TEST_CODES[code][0], severity, message, span, help)
