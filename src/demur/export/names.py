"""Whether a policy's names are such as the language has: exports put them into other tools' languages.

A policy file's names are checked when it is compiled. A bundle holds whatever somebody wrote into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from demur.language.document_forms import LABEL_FORM, NAME_FORM, POLICY_FORM, VERSION_FORM
from demur.runtime.evaluator import Evaluator


class StrangeName(Exception):
    """A name that no policy file could have; the message says which."""


def check_names(evaluator: Evaluator) -> None:
    """Raises `StrangeName` for a bundle with a name that the language does not have."""
    for what, form, name in _names(evaluator):
        if not isinstance(name, str) or not re.fullmatch(form.strip("^$"), name):
            shown = ascii(name)[:80]
            raise StrangeName(f"the {what} {shown} is no name that a policy file can have")


def _names(evaluator: Evaluator) -> Iterator[tuple[str, str, object]]:
    policy = evaluator.policy
    yield "policy", POLICY_FORM, policy.name
    if policy.version:
        yield "version", VERSION_FORM, policy.version
    for stage, signals in {"outcome": policy.outcome, **policy.stages}.items():
        yield "stage", NAME_FORM, stage
        yield from (("signal", NAME_FORM, one) for one in signals)
    for rule in policy.rules:
        # What stands for all rules without a name of their own begins with a sign.
        yield "rule", LABEL_FORM, rule.name.lstrip("@")
    yield from (("failure", LABEL_FORM, one) for one in policy.failures)
    evaluation = policy.evaluation
    yield from (("metric", LABEL_FORM, one) for one in evaluation.get("metrics", {}))
    settings = evaluation.get("settings", {})
    for section in ("suites", "gates", "alerts"):
        yield from (
            (section.removesuffix("s"), LABEL_FORM, one) for one in settings.get(section, {})
        )
    for alert in settings.get("alerts", {}).values():
        yield "severity", LABEL_FORM, alert.get("severity", "page")
        for entry in alert.get("by") or ():
            for dimension in str(entry).split("*"):
                yield (
                    "dimension",
                    rf"{NAME_FORM.strip('^$')}(\.{NAME_FORM.strip('^$')})?",
                    (dimension.strip()),
                )
