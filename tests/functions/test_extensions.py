"""Functions of other packages: found by their entry point, loaded only by name, refused where broken."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demur.cel.environment import provided
from demur.functions import extensions
from demur.language.compile import assemble, check_source
from demur.language.source import parse_source
from demur.report.inspection import draw, inspect
from demur.runtime.bundle import BundleError, decode, digest, encode
from demur.runtime.evaluator import Evaluator
from tests.conftest import ROOT

PACKAGE = """\
from demur.functions import Function, Overload

def shouting(text):
    if text == "raise":
        raise OSError("no such model")
    return {"nan": float("nan"), "none": None, "int": 1}.get(text, sum(map(str.isupper, text)) / 8)

SHOUTING = Function(
    "acme_shouting", "The share of capitals.",
    Overload("acme_shouting.of_string", "acme_shouting(string) -> double", shouting),
)
MISNAMED = Function("other", "Another.", Overload("other.a", "other(string) -> int", len))
UNNAMED = Function("acme_unnamed", "It.", Overload("lists.size", "acme_unnamed(string) -> int", len))
"""
ENTRY_POINTS = """\
[demur.functions]
acme_shouting = acme_checks:SHOUTING
acme_misnamed = acme_checks:MISNAMED
acme_unnamed = acme_checks:UNNAMED
acme_missing = acme_checks:MISSING
size = acme_checks:SHOUTING
"""
POLICY = """\
demur: 1
policy: extended
about: A policy that calls a function of another package.
owner: team@example.com
stages:
  answer:
    text: string
    loud: {type: double, min: 0, max: 1, derive: "CALL"}
rules:
  loud: {when: answer.loud > 0.5, then: refuse, say: Not so loud.}
"""
CALL = "acme_shouting(answer.text)"


def forget() -> None:
    extensions._functions.clear()
    extensions._entry_points.clear()
    provided.cache_clear()
    sys.modules.pop("acme_checks", None)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    information = tmp_path / "acme_checks-1.2.dist-info"
    information.mkdir()
    (tmp_path / "acme_checks.py").write_text(PACKAGE, "utf-8")
    (information / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.2\n", "utf-8"
    )
    (information / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    forget()
    yield
    monkeypatch.undo()
    forget()


def made(call: str = CALL) -> Evaluator:
    source = parse_source(POLICY.replace("CALL", call).encode(), "policy.yaml")
    _, checked, found = check_source(source, ROOT)
    assert checked is not None
    assert not found, found
    policy = assemble(checked)
    return Evaluator(policy, digest(policy))


@pytest.mark.usefixtures("installed")
def test_a_policy_calls_it_by_its_name_and_a_bundle_too() -> None:
    policy = made()
    assert policy.policy.requires == ("acme_shouting",)
    for one in (policy, Evaluator(*decode(encode(policy.policy)))):
        assert one.decide({"answer": {"text": "quiet"}}).action == "answer"
        assert one.decide({"answer": {"text": "LOUD AND"}}).action == "refuse"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("text", ["raise", "nan", "none", "int"])
def test_what_fails_or_gives_another_type_is_unknown(text: str) -> None:
    assert made().decide({"answer": {"text": text}}).action == "abstain"


@pytest.mark.usefixtures("installed")
def test_nothing_is_loaded_that_no_policy_calls() -> None:
    made("0.25")
    made("double(size(answer.text))")
    assert "acme_checks" not in sys.modules
    made()
    assert "acme_checks" in sys.modules


@pytest.mark.usefixtures("installed")
def test_it_is_shown_with_its_package() -> None:
    facts = inspect(made())
    assert facts["requires"] == [{"function": "acme_shouting", "package": "acme-checks 1.2"}]
    assert "acme_shouting (acme-checks 1.2)" in draw(facts)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("acme_misnamed", "has another name or scope, or no overload"),
        ("acme_unnamed", "has an overload `lists.size` of another name or without Python"),
        ("acme_missing", "cannot be loaded from `acme_checks:MISSING` (AttributeError)"),
    ],
)
def test_a_broken_one_is_a_problem_of_the_policy(name: str, why: str) -> None:
    source = parse_source(POLICY.replace("CALL", f"{name}(answer.text)").encode(), "policy.yaml")
    _, _, (found,) = check_source(source, ROOT)
    assert found.code == "DM313"
    assert why in found.message


@pytest.mark.usefixtures("installed")
def test_it_never_takes_the_place_of_a_function_of_demur() -> None:
    assert made("size(answer.text) > 3 ? 0.9 : 0.1").policy.requires == ()


@pytest.mark.usefixtures("installed")
def test_a_bundle_that_needs_one_that_is_not_installed_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle = encode(made().policy)
    forget()
    monkeypatch.setattr(extensions, "_installed", dict)
    with pytest.raises(BundleError, match="DM708") as refused:
        decode(bundle)
    assert "`acme_shouting`" in refused.value.message
