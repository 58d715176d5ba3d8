"""The page's sections: what the system may do, what it says, what must hold, and who is woken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from demur.cel.unparse import unparse
from demur.export.docs import measures
from demur.export.docs.markdown import bullets, code, ended, prose, quoted, sentence, table
from demur.export.docs.runbook import runbook
from demur.export.docs.subject import Subject
from demur.export.docs.words import named, words
from demur.interop.runbooks import resolved
from demur.language.checked import CheckedResponse, CheckedRule
from demur.language.document import Signal
from demur.language.expressions import Message
from demur.policy import ACTIONS, STRICTNESS

DOES = {
    "answer": "it answers",
    "flag": "it answers, and marks the answer",
    "fallback": "it gives the safe substitute instead of an answer",
    "escalate": "it hands over to a person",
    "abstain": "it declines, because it cannot answer reliably",
    "refuse": "it refuses, because it must not answer",
}
"""What each action is, in words."""
_TESTS = 8
"""Names of tests that are listed of a rule."""


def blocks(subject: Subject) -> Iterator[str]:
    """The page's blocks of Markdown, in order."""
    yield f"# {prose(subject.title)}"
    yield f"**What it is:** {sentence(subject.document.about)}"
    yield table(("", ""), _facts(subject))
    yield from _scope(subject)
    yield from _rules(subject)
    yield from _unknown(subject)
    yield from _messages(subject)
    yield from _signals(subject)
    yield from _terms(subject)
    yield from measures.blocks(subject)
    yield from _invariants(subject)
    yield from _failures(subject)
    yield from runbook(subject)


def _facts(subject: Subject) -> Iterator[tuple[str, str]]:
    document = subject.document
    yield "owner", code(document.owner)
    yield "version", code(document.version) if document.version else "none"
    yield "digest", code(subject.digest)
    if document.runbook:
        yield "runbook", code(document.runbook)
    names = ", ".join(code(one) for one in document.stages)
    if names:
        yield "stages, in their order", names


def _scope(subject: Subject) -> Iterator[str]:
    yield "## What it may do"
    used = {one.action for rule in subject.checked.rules for one in _responses(rule)}
    if subject.checked.rules and subject.checked.on_unknown is None:
        used.add("abstain")
    said = [DOES[one].removeprefix("it ") for one in ACTIONS if one in used | {"answer"}]
    yield (
        f"Of each request it does one of these, the mildest first: {'; '.join(said)}. It does the "
        "strictest that any rule below asks for, whatever their order."
    )
    entries = [one for one in subject.checked.rules if one.section == "scope"]
    if not entries:
        yield "The policy does not restrict what may be asked."
        return
    response = entries[0].response
    yield f"It takes a request only if all of these hold. Otherwise {ended(_done(subject, response))}"
    yield bullets(
        f"**{prose(one.name)}**: {prose(words(one.condition.tree, subject.parameters))}. "
        f"{_written(one)}. {_tested(subject, one)}"
        for one in entries
    )


def _rules(subject: Subject) -> Iterator[str]:
    rules = [one for one in subject.checked.rules if one.section == "rules"]
    if not rules:
        return
    yield "## When it does not simply answer"
    for rule in rules:
        about = subject.document.rules[rule.name].about
        yield f"### {prose(rule.name)}"
        if about:
            yield f"**Why:** {sentence(about)}"
        condition = prose(words(rule.condition.tree, subject.parameters))
        yield f"**When** {condition}, **then** {ended(_done(subject, rule.response))}"
        yield bullets(_details(subject, rule))


def _details(subject: Subject, rule: CheckedRule) -> Iterator[str]:
    yield _written(rule)
    if rule.on_unknown == "ignore":
        yield "Where this is not known, the rule is passed over."
    elif isinstance(rule.on_unknown, CheckedResponse):
        yield f"Where this is not known, {ended(_done(subject, _merged(subject, rule.on_unknown)))}"
    if rule.response.why:
        yield f"Engineers are told: {quoted(_message(rule.response.why))}"
    link = subject.document.rules[rule.name].runbook
    if link:
        yield f"What to do: {code(resolved(link, subject.document.runbook) or '')}"
    yield _tested(subject, rule)


def _unknown(subject: Subject) -> Iterator[str]:
    yield "## When something is unknown"
    response = subject.checked.on_unknown or CheckedResponse(("on_unknown",), "abstain")
    yield (
        "A value that is missing, malformed or out of its bounds is unknown, and is never taken for "
        f"good. Where a rule can therefore not be decided, and says nothing else, "
        f"{ended(_done(subject, response))}"
    )
    own = [one for one in subject.checked.rules if one.on_unknown is not None]
    if own:
        names = ", ".join(code(one.name) for one in own)
        yield f"Rules that say something else: {names}."


def _messages(subject: Subject) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    fallback = subject.checked.on_unknown
    for rule in subject.checked.rules:
        for response in _responses(rule):
            is_unknown = response is rule.on_unknown
            said = _merged(subject, response) if is_unknown else response
            if said.say is not None:
                names = found.setdefault((_message(said.say), said.action), [])
                name = code(rule.name) + (", not known" if is_unknown else "")
                names.extend([name] if name not in names else [])
    if fallback is not None and fallback.say:
        key = (_message(fallback.say), fallback.action)
        found.setdefault(key, []).append("whatever else is not known")
    yield "## What users are told"
    if not found:
        yield "The policy says nothing to users."
        return
    ordered = sorted(found.items(), key=lambda one: STRICTNESS[one[0][1]])
    yield table(
        ("message", "then", "by"),
        ((quoted(said), action, "; ".join(names)) for (said, action), names in ordered),
    )


def _signals(subject: Subject) -> Iterator[str]:
    document = subject.document
    if not document.stages:
        return
    yield "## What it reads"
    groups = [(f"At stage {code(name)}", signals) for name, signals in document.stages.items()]
    if document.outcome:
        groups.append(("Known only afterwards, and read by no rule", document.outcome))
    for title, signals in groups:
        if signals:
            yield f"{title}:"
            yield table(("signal", "what it is", "personal"), map(_signal, signals.items()))


def _signal(entry: tuple[str, Signal]) -> tuple[str, str, str]:
    name, signal = entry
    parts = [_kind(signal)]
    if signal.enum:
        parts.append(f"one of {', '.join(map(str, signal.enum))}")
    if signal.min is not None:
        parts.append(f"at least {signal.min:g}")
    if signal.max is not None:
        parts.append(f"at most {signal.max:g}")
    parts += [signal.unit] if signal.unit else []
    parts += ["may be absent"] if signal.optional else []
    parts += [f"computed as {signal.derive}"] if signal.derive else []
    parts += [signal.about] if signal.about else []
    return code(name), prose(", ".join(parts)), "yes" if signal.pii else ""


def _kind(signal: Signal) -> str:
    """The type of a signal, with what a list, a map or an object holds."""
    if signal.fields:
        inner = (f"{name} ({_kind(field)})" for name, field in signal.fields.items())
        return f"{signal.type} with {', '.join(inner)}"
    return f"{signal.type} of {_kind(signal.of)}" if signal.of is not None else signal.type


def _terms(subject: Subject) -> Iterator[str]:
    document, parameters = subject.document, subject.parameters
    if document.define:
        yield "## Terms"
        yield bullets(
            f"**{prose(named(name))}**: {prose(words(one.tree, parameters))}. "
            f"As written: {code(unparse(one.syntax))}"
            for name, one in subject.checked.definitions.items()
        )
    if document.params:
        yield "## Numbers that can be tuned"
        yield table(
            ("number", "value", "from", "to", "what it tunes"),
            (
                (
                    code(name),
                    code(f"{one.default} {one.unit or ''}"),
                    "" if one.min is None else f"{one.min:g}",
                    "" if one.max is None else f"{one.max:g}",
                    prose(one.about or ""),
                )
                for name, one in document.params.items()
            ),
        )


def _invariants(subject: Subject) -> Iterator[str]:
    if not subject.document.invariants:
        return
    yield "## What is meant to hold whatever comes"
    yield "These are stated, not proved: nothing has checked that the rules keep them."
    lines: list[str] = []
    for name, one in subject.checked.invariants.items():
        about = subject.document.invariants[name].about
        lines.append(
            f"**{prose(name)}**: {one.path[-1]} that {prose(words(one.tree, subject.parameters))}. "
            f"As written: {code(unparse(one.syntax))}" + (f" {sentence(about)}" if about else "")
        )
    yield bullets(lines)


def _failures(subject: Subject) -> Iterator[str]:
    failures = subject.document.failures
    if not failures:
        return
    yield "## Failures, as they are counted"
    yield table(
        ("failure", "severity", "what it means", "what to do"),
        (
            (
                code(name),
                one.severity,
                prose(one.about or ""),
                code(resolved(one.runbook, subject.document.runbook) or "") if one.runbook else "",
            )
            for name, one in failures.items()
        ),
    )


def _responses(rule: CheckedRule) -> Iterator[CheckedResponse]:
    yield rule.response
    if isinstance(rule.on_unknown, CheckedResponse):
        yield rule.on_unknown


def _merged(subject: Subject, own: CheckedResponse) -> CheckedResponse:
    """A rule's `on_unknown`, with the policy's words and failure where it has none."""
    fallback = subject.checked.on_unknown
    if fallback is None:
        return own
    return replace(own, failure=own.failure or fallback.failure, say=own.say or fallback.say)


def _done(subject: Subject, response: CheckedResponse) -> str:
    """What follows, as part of a sentence."""
    failure = response.failure
    severity = subject.document.failures[failure].severity if failure else ""
    counted = f" ({code(failure)}, {severity})" if failure else ""
    told = f" and tells the user: {quoted(_message(response.say))}" if response.say else ""
    return f"{DOES[response.action]}{counted}{told}"


def _message(message: Message) -> str:
    """A message with its expressions as they are written."""
    return "".join(
        one if isinstance(one, str) else f"{{{{{unparse(one.syntax)}}}}}" for one in message.parts
    )


def _written(rule: CheckedRule) -> str:
    return f"As written: {code(unparse(rule.condition.syntax))}"


def _tested(subject: Subject, rule: CheckedRule) -> str:
    """The tests that show the rule, or that none does."""
    found = subject.exercises.get((rule.section, rule.name))
    if found is None or not found.fires:
        said = "**No test shows this.**"
    else:
        said = f"Tested by {_names(found.fires)}."
    if found is not None and found.unknown:
        said += f" Tested where it is not known by {_names(found.unknown)}."
    return said


def _names(names: list[str]) -> str:
    more = len(names) - _TESTS
    shown = ", ".join(quoted(one) for one in names[:_TESTS])
    return f"{shown} and {more:,} more" if more > 0 else shown
