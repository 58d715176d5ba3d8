"""Records in which all that is personal bears a mark that occurs nowhere else, in every shape.

`POLICY` has a personal signal of each kind and reads each so that evaluation fails in as many ways as
there are. `records()` has each of them as declared, and malformed in each way.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

DIGITS = "731649285"
MARK = f"ada{DIGITS}@example.org"
LATIN = "Zqxwada Qwvzada"
"""A text without digits, for what goes through functions of texts."""
BYTES = base64.b64encode(MARK.encode()).decode()
BIRTH = datetime(1873, 7, 16, 19, 28, 50, tzinfo=UTC)
NEEDLES = (
    DIGITS,
    "7.31649e",
    "zqxwada",
    "qwvzada",
    BYTES.lower(),
    "1873-07-16",
    "203235h",
    "-3043629070",
)
"""What must not be found: the marks, as texts, numbers, bytes and times may be written, in lower case."""

POLICY = """\
demur: 1
policy: marked
version: 1.0.0
about: A policy that reads personal data in every way.
owner: team@example.com
runbook: runbook.md
stages:
  request:
    intent: {type: string, enum: [billing, returns]}
    tenant: {type: string, max_size: 20}
    text: {type: string, pii: true, max_size: 60}
    age: {type: int, pii: true, min: 0, max: 900000000}
    count: {type: uint, pii: true}
    height: {type: double, pii: true, min: 0, max: 900000000}
    sick: {type: bool, pii: true}
    photo: {type: bytes, pii: true, max_size: 60}
    birth: {type: timestamp, pii: true}
    lasted: {type: duration, pii: true}
    place: {type: string, pii: true, enum: [Vienna, elsewhere]}
    loose: {type: dyn, pii: true}
    optional: {type: string, pii: true, optional: true}
    names: {type: list, of: {type: string, pii: true}, max_size: 5}
    owned: {type: list, of: string, pii: true}
    contacts: {type: map, of: {type: string, pii: true, max_size: 60}}
    scores: {type: map, of: {id: string, mail: {type: string, pii: true}}, optional: true}
    user: {id: string, mail: {type: string, pii: true}, home: {city: {type: string, pii: true}, zone: string}}
    people: {type: list, of: {id: string, name: {type: string, pii: true}, score: double}}
    nested: {type: list, of: {type: list, of: {name: {type: string, pii: true}}}, optional: true}
    plain: {type: object, fields: {id: string}}
    lowered: {type: string, derive: request.text.lowerAscii()}
    number: {type: int, derive: request.age + 1}
    first: {type: string, derive: "request.people[0].name"}
    mail_of: {type: string, derive: request.user.mail}
    size: {type: int, derive: size(request.text)}
  answer:
    confidence: {type: double, min: 0, max: 1}
    shown: {type: string, pii: true, optional: true}
outcome:
  correct: bool
  comment: {type: string, pii: true, optional: true}
define:
  is_known: request.contacts[request.text] == request.names[0]
failures:
  bad: {severity: warning}
on_unknown: {then: flag, failure: bad, say: "Something is missing, {{request.text}}."}
rules:
"""
CONDITIONS = (
    "request.text.substring(50) == 'x'",
    "request.text.substring(9, 3) == 'x'",
    "request.text.charAt(request.age) == 'x'",
    "'x'.matches('(' + request.text)",
    "'x'.matches(request.lowered)",
    "int(request.text) > 1",
    "double(request.text) > 1.0",
    "uint(request.text) > 1u",
    "bool(request.text)",
    "timestamp(request.text) < timestamp('2020-01-01T00:00:00Z')",
    "request.birth.getFullYear(request.text) == 1",
    "duration(request.text) > duration('1s')",
    "request.names[request.age] == 'x'",
    "request.contacts[request.text] == 'x'",
    "request.contacts.exists(one, one == request.text)",
    "request.loose.other == request.text",
    "request.loose[request.text] == 'x'",
    "request.photo == bytes(request.text)",
    "request.age * 9000000000 * request.age > 1",
    "request.age / (request.age - request.age) > 1",
    "request.count > 1u",
    "request.height > 1.0",
    "request.sick",
    "request.lasted > duration('1s')",
    "request.place == 'elsewhere'",
    "request.owned.exists(one, one == 'x')",
    "request.user.mail == request.user.home.city",
    "request.user.id == 'u'",
    "request.people.exists(one, one.name == 'x' || one.score > 1.0)",
    "request.plain.id == 'x'",
    "has(request.nested) && size(request.nested) > 3",
    "has(request.scores) && request.scores.exists(one, request.scores[one].mail == 'x')",
    "has(request.optional) && request.optional == 'x'",
    "request.first == request.mail_of",
    "request.number > 5",
    "is_known",
    "'%d'.format([request.text]) == 'x'",
    "language(request.text) == 'eng'",
    "size(request.text) > 0",
)
"""Conditions that read what is personal, and fail in as many ways as functions have."""
REST = """\
metrics:
  wrong_rate: rate(decision.declined)
  mean_height: mean(request.height)
  tall_rate: rate(request.height > 1.0)
  size_p95: quantile(request.size, 0.95)
  tests: rate(outcome.correct)
suites:
  golden: {cases: cases.jsonl, target: "python:system:answer", retries: 0}
gates:
  ship:
    suites: [golden]
    by: [BY]
    min_samples: 1
    require:
      - wrong_rate <= 0.1
      - that: wrong_rate <= baseline + 0.1
        by: [request.text]
      - tall_rate <= 0.5
      - size_p95 <= 1
      - tests >= 0.5
alerts:
  wrong:
    when: wrong_rate > 0.01
    window: 1h
    by: [BY]
    min_samples: 1
    severity: page
"""
SLICED = (
    "request.intent",
    "request.names",
    "request.owned",
    "request.lowered",
    "request.age",
    "request.text * request.intent",
    "outcome.comment",
    "decision.unknown",
)


def policy_text() -> str:
    """The policy, with a rule for each condition; messages and explanations show what they must not."""
    rules = [
        f"  rule-{at}:\n    when: {_quoted(one)}\n    then: flag\n    failure: bad\n"
        f"    say: Dear {{{{request.text}}}}, aged {{{{request.age}}}}.\n"
        f"    why: {_quoted('{{request.text}} {{request.user.mail}} {{request.people[0].name}}')}\n"
        for at, one in enumerate(CONDITIONS)
    ]
    return POLICY + "".join(rules) + REST.replace("BY", ", ".join(SLICED))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def good() -> dict[str, Any]:
    """A record in which all is as declared, and beside it what is not declared."""
    return {
        "request": {
            "intent": "billing",
            "tenant": "a",
            "text": MARK,
            "age": int(DIGITS),
            "count": int(DIGITS),
            "height": float(DIGITS) + 0.5,
            "sick": True,
            "photo": BYTES,
            "birth": BIRTH.isoformat(),
            "lasted": f"{DIGITS}s",
            "place": "Vienna",
            "loose": {"other": MARK, MARK: [MARK, int(DIGITS)]},
            "optional": MARK,
            "names": [MARK, LATIN],
            "owned": [MARK],
            "contacts": {MARK: MARK, "plain": LATIN},
            "scores": {MARK: {"id": "s1", "mail": MARK, "undeclared": MARK}},
            "user": {
                "id": "u1",
                "mail": MARK,
                "home": {"city": MARK, "zone": "UTC", "undeclared": MARK},
                "undeclared": {"deep": MARK},
            },
            "people": [{"id": "p1", "name": MARK, "score": 0.5, "undeclared": MARK}],
            "nested": [[{"name": MARK, "undeclared": MARK}]],
            "plain": {"id": "x", "undeclared": MARK},
            "undeclared": MARK,
        },
        "answer": {"confidence": 0.9, "shown": MARK, "undeclared": {MARK: MARK}},
        "outcome": {"correct": True, "comment": MARK, "undeclared": MARK},
        "undeclared": {"text": MARK},
    }


def _deep(depth: int) -> Any:
    value: Any = MARK
    for at in range(depth):
        value = [value] if at % 2 else {MARK: value}
    return value


MALFORMED: Mapping[str, Any] = {
    "text": MARK,
    "words": LATIN,
    "long": MARK * 5,
    "number": int(DIGITS),
    "negative": -int(DIGITS) * 10**6,
    "huge": int(DIGITS * 3),
    "fraction": float(DIGITS) + 0.25,
    "bool": True,
    "list": [MARK],
    "list_of_lists": [[MARK], [[MARK]]],
    "list_of_objects": [{"name": MARK, MARK: MARK}],
    "object": {"name": MARK, "mail": [MARK], MARK: MARK},
    "object_of_objects": {MARK: {"mail": {MARK: MARK}, "id": MARK}},
    "fields_of_other_types": {"id": "u1", "mail": {"of": MARK}, "home": MARK},
    "elements_of_other_types": ["x", {"name": [MARK], "score": MARK}, MARK, None],
    "many": [MARK] * 9,
    "deep": _deep(50),
    "unavailable": {"demur_unavailable": MARK, "detail": MARK},
    "text_of_what_is_unavailable": f"demur_unavailable: {MARK}",
    "null": None,
}
"""What may stand for any signal. Each is a good value of some and of no other."""
PERSONAL = (
    "text", "age", "count", "height", "sick", "photo", "birth", "lasted", "place", "loose", "optional",
    "names", "owned", "contacts", "scores", "user", "people", "nested", "lowered", "number", "first",
    "mail_of",
)  # fmt: skip


def records() -> Iterator[dict[str, Any]]:
    """Good records, each personal signal malformed in each way, and stages that are none."""
    for at in range(3):
        yield {**good(), "id": f"good-{at}"}
    for name in PERSONAL:
        for how, value in MALFORMED.items():
            record = good()
            record["request"][name] = value
            yield {**record, "id": f"{name}-{how}"}
    for how in ("text", "list", "number", "null"):
        yield {**good(), "id": f"comment-{how}", "outcome": {"comment": MALFORMED[how]}}
        yield {**good(), "id": f"stage-{how}", "request": MALFORMED[how]}


def leaks(text: str | bytes) -> list[str]:
    """The marks that are in a text, with what stands around each."""
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    low = shown.lower()
    return [
        f"{one}: …{shown[max(0, low.index(one) - 150) : low.index(one) + 60]}…"
        for one in NEEDLES
        if one in low
    ]
