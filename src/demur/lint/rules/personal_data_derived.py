"""A derived signal that repeats personal data and is not marked as personal."""

from __future__ import annotations

from collections.abc import Iterator

from demur.diagnostics import Severity
from demur.language.checked import CheckedPolicy
from demur.lint.rule import HEADER, Finding, Rule


def _check(policy: CheckedPolicy) -> Iterator[Finding]:
    origin = policy.personal_by_origin
    for (stage, name), expression in policy.derived.items():
        if (stage, name) in origin:
            yield Finding(
                expression.span,
                f"`{stage}.{name}` may repeat personal data, and does not say whether it is personal.",
                "Mark it `pii: true`; or `pii: false`, if it tells nothing of a person.",
            )


RULE = Rule(
    code="DM535",
    name="personal-data-derived",
    title="A derived signal that may repeat personal data unmarked",
    severity=Severity.WARNING,
    explanation="""\
Looks for derived signals that come from signals marked `pii` and say nothing of `pii` themselves. Until
they do, they are masked as well: the journal would hold in them what it masks elsewhere. A length, a
bool of a comparison, and what `language` and `personal_data` give repeat nothing.
""",
    wrong=HEADER
    + """\
stages:
  request:
    text: {type: string, pii: true}
    normal: {type: string, derive: request.text.lowerAscii()}
failures:
  spam: {severity: warning}
rules:
  spam:
    when: request.normal.contains("lottery")
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    right=HEADER
    + """\
stages:
  request:
    text: {type: string, pii: true}
    normal: {type: string, pii: true, derive: request.text.lowerAscii()}
failures:
  spam: {severity: warning}
rules:
  spam:
    when: request.normal.contains("lottery")
    then: refuse
    failure: spam
    say: I can't help with that.
""",
    check=_check,
)
