"""Policy files that are as long as one wishes, in each way in which a file can be long."""

from __future__ import annotations

from collections.abc import Callable, Mapping

HEAD = """\
demur: 1
policy: grown
version: 1.0.0
about: A file that grows.
owner: team@example.com
stages:
  request:
    text: {type: string, max_size: 100}
    n: {type: int, min: 0, max: 10}
"""
FAILURES = "failures:\n  bad: {severity: warning}\n"


def rule(name: object, when: str = "request.n > 3", more: str = "") -> str:
    """A rule on a line of its own."""
    return f"  r{name}: {{when: '{when}', then: refuse, failure: bad, say: No.{more}}}\n"


def rules(count: int, of: Callable[[int], str] = rule) -> str:
    """So many rules, each made of its number."""
    return f"{FAILURES}rules:\n{''.join(map(of, range(count)))}"


def entries(section: str, count: int, of: Callable[[int], str]) -> str:
    """A section with so many entries, each made of its number."""
    return f"{section}:\n{''.join(f'  {of(at)}{chr(10)}' for at in range(count))}"


def _signals(count: int, of: Callable[[int], str]) -> str:
    return HEAD + "".join(f"    s{at}: {of(at)}\n" for at in range(count))


def _chain(count: int) -> str:
    """Definitions that read each the one before, in chains that are not too long, last ones first."""
    texts = [
        f"d{at}: request.n" if at % 50 == 0 else f"d{at}: d{at - 1} + {at}" for at in range(count)
    ]
    return entries("define", count, lambda at: texts[count - 1 - at])


_MEASURED = (
    "metrics:\n  refused: rate(decision.declined)\nsuites:\n  golden: {cases: golden.jsonl}\n"
)

GROWN: Mapping[str, Callable[[int], str]] = {
    "rules": lambda n: HEAD + rules(n, lambda at: rule(at, f"request.n > {at % 9}")),
    "rules of one name": lambda n: HEAD + rules(n, lambda at: rule("one")),
    "rules with one condition": lambda n: HEAD + rules(n),
    "rules that always fire": lambda n: HEAD + rules(n, lambda at: rule(at, "true")),
    "rules of one text each": lambda n: (
        HEAD + rules(n, lambda at: rule(at, f'request.text == "{at}"'))
    ),
    "rules of a signal each": lambda n: (
        _signals(n, lambda at: "{type: int, min: 0, max: 9}")
        + rules(n, lambda at: rule(at, f"request.s{at} > 3"))
    ),
    "patterns": lambda n: HEAD + rules(n, lambda at: rule(at, f'request.text.matches("a{at}")')),
    "comments": lambda n: HEAD + rules(1) + "# so\n" * n,
    "comments that allow": lambda n: (
        HEAD + rules(1) + "# demur: allow float-equality because so\n" * n
    ),
    "comments that allow something misspelt": lambda n: (
        HEAD + rules(1) + "# demur: allow flot-equality because so\n" * n
    ),
    "comments that allow what is below": lambda n: (
        HEAD
        + rules(
            n,
            lambda at: "  # demur: allow condition-always-false because so\n" + rule(at, "1 > 2"),
        )
    ),
    "keys of one name": lambda n: HEAD + rules(1) + "x: 1\n" * n,
    "unknown keys": lambda n: HEAD + rules(1) + "".join(f"x{at}: 1\n" for at in range(n)),
    "unknown keys of a rule": lambda n: (
        HEAD + rules(1, lambda at: rule(at, more="".join(f", x{one}: 1" for one in range(n))))
    ),
    "keys without a value": lambda n: HEAD + "".join(f"x{at}:\n" for at in range(n)) + rules(1),
    "definitions": lambda n: HEAD + entries("define", n, lambda at: f"d{at}: 1 + {at}") + rules(1),
    "definitions in chains": lambda n: HEAD + _chain(n) + rules(1, lambda at: rule(at, "d9 > 3")),
    "definitions in a circle": lambda n: (
        HEAD + entries("define", n, lambda at: f"d{at}: d{(at + 1) % n}") + rules(1)
    ),
    "definitions of nothing": lambda n: (
        HEAD + entries("define", n, lambda at: f"d{at}: request.nn") + rules(1)
    ),
    "definitions of unknown names": lambda n: (
        HEAD + entries("define", n, lambda at: f"d{at}: e{at}x") + rules(1)
    ),
    "a list in every rule": lambda n: (
        HEAD + "define: {few: '[1, 2, 3]'}\n" + rules(n, lambda at: rule(at, "request.n in few"))
    ),
    "derived signals": lambda n: (
        _signals(n, lambda at: "{type: int, derive: request.n}") + rules(1)
    ),
    "derived signals in a chain": lambda n: (
        _signals(
            n,
            lambda at: f"{{type: int, derive: {'request.n' if at == 0 else f'request.s{at - 1}'}}}",
        )
        + rules(1, lambda at: rule(at, f"request.s{n - 1} > 3"))
    ),
    "stages": lambda n: (
        HEAD.replace("stages:\n", entries("stages", n, lambda at: f"s{at}: {{n: int}}"))
        + rules(n, lambda at: rule(at, f"s{at}.n > 3"))
    ),
    "signals of no type": lambda n: _signals(n, lambda at: "{type: strin}") + rules(1),
    "values of an enum": lambda n: (
        _signals(
            1, lambda at: f"{{type: string, enum: [{', '.join(f'v{one}' for one in range(n))}]}}"
        )
        + rules(1, lambda at: rule(at, 'request.s0 == "v1"'))
    ),
    "one value of an enum": lambda n: (
        _signals(1, lambda at: f"{{type: string, enum: [{', '.join('v' for _ in range(n))}]}}")
        + rules(1)
    ),
    "fields": lambda n: (
        _signals(
            1,
            lambda at: (
                f"{{type: object, fields: {{{', '.join(f'f{one}: int' for one in range(n))}}}}}"
            ),
        )
        + rules(n, lambda at: rule(at, f"request.s0.f{at} > 3"))
    ),
    "parameters": lambda n: (
        HEAD
        + entries("params", n, lambda at: f"p{at}: {{type: int, default: 3}}")
        + rules(n, lambda at: rule(at, f"request.n > params.p{at}"))
    ),
    "failures that nothing declares": lambda n: (
        HEAD
        + entries("failures", n, lambda at: f"f{at}: {{severity: warning}}")
        + "rules:\n"
        + "".join(
            f"  r{at}: {{when: request.n > 3, then: refuse, failure: g{at}x}}\n" for at in range(n)
        )
    ),
    "messages": lambda n: (
        HEAD + rules(n, lambda at: rule(at, more=', why: "It is {{request.n}}."'))
    ),
    "expressions in a message": lambda n: (
        HEAD + rules(1, lambda at: rule(at, more=f', why: "{"{{request.n}} " * n}"'))
    ),
    "expressions in a message for the unknown": lambda n: (
        HEAD + f'on_unknown: {{then: abstain, why: "{"{{request.n}} " * n}"}}\n' + rules(n)
    ),
    "operands": lambda n: (
        HEAD + rules(1, lambda at: rule(at, " || ".join(f"request.n > {one}" for one in range(n))))
    ),
    "terms": lambda n: (
        HEAD + rules(1, lambda at: rule(at, f"{' + '.join('1' for _ in range(n))} > 3"))
    ),
    "elements": lambda n: (
        HEAD + rules(1, lambda at: rule(at, f"request.n in [{', '.join(map(str, range(n)))}]"))
    ),
    "wrong names in one expression": lambda n: (
        HEAD + rules(1, lambda at: rule(at, " || ".join(f"request.x{one} > 3" for one in range(n))))
    ),
    "wrong conditions": lambda n: HEAD + rules(n, lambda at: rule(at, "request.n")),
    "wrong actions": lambda n: (
        HEAD + rules(n, lambda at: f"  r{at}: {{when: request.n > 3, then: refus}}\n")
    ),
    "scope": lambda n: HEAD + entries("scope", n, lambda at: f"s{at}: request.n < 3"),
    "metrics": lambda n: HEAD + entries("metrics", n, lambda at: f"m{at}: rate(decision.declined)"),
    "suites": lambda n: HEAD + entries("suites", n, lambda at: f"s{at}: {{cases: s{at}.jsonl}}"),
    "gates": lambda n: (
        HEAD
        + _MEASURED
        + entries("gates", n, lambda at: f"g{at}: {{suites: [golden], require: [refused < 0.1]}}")
    ),
    "requirements": lambda n: (
        HEAD
        + _MEASURED
        + "gates:\n  ship:\n    suites: [golden]\n    require:\n"
        + "".join(f"      - refused < 0.{at + 1}\n" for at in range(n))
    ),
    "alerts": lambda n: (
        HEAD
        + _MEASURED
        + entries("alerts", n, lambda at: f"a{at}: {{when: refused > 0.1, window: 1h}}")
    ),
    "invariants": lambda n: (
        HEAD + entries("invariants", n, lambda at: f"i{at}: {{never: request.n > 11}}")
    ),
    "anchors": lambda n: HEAD + rules(1) + entries("x", n, lambda at: f"a{at}: &a{at} 1"),
    "aliases": lambda n: HEAD + rules(1) + "x: [&a 1" + ", *a" * n + "]\n",
    "anchors of one name": lambda n: HEAD + rules(1) + "x: [" + "&a 1, " * n + "1]\n",
    "lines of a text": lambda n: (
        HEAD.replace("A file that grows.", "|\n" + "  So.\n" * n) + rules(1)
    ),
    "words in a line": lambda n: HEAD.replace("A file that grows.", "So " * n) + rules(1),
    "escapes in a text": lambda n: (
        HEAD.replace("A file that grows.", '"' + "\\t" * n + 'a"') + rules(1)
    ),
}
"""Each way in which a file grows, and the file that is grown so far."""
