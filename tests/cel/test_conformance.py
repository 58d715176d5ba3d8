"""CEL's own conformance vectors, those that need no protobuf message: every one passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cel.conformance import Vector, read, run
from tests.conftest import SHARED_DATA, skip_unless_ci

VECTORS = SHARED_DATA / "cel" / "conformance.jsonl"


def _sections() -> dict[str, list[Vector]]:
    sections: dict[str, list[Vector]] = {}
    for vector in read(VECTORS) if VECTORS.exists() else ():
        sections.setdefault(vector["id"].rsplit("/", 1)[0], []).append(vector)
    return sections


SECTIONS = _sections()


@pytest.mark.parametrize("section", SECTIONS or ["absent"])
def test_every_vector_of_the_section_passes(section: str) -> None:
    if not SECTIONS:
        skip_unless_ci("the conformance vectors in ../shared/data are absent")
    problems = {
        vector["id"]: problem
        for vector in SECTIONS[section]
        if (problem := run(vector)) is not None
    }
    assert problems == {}


def test_no_vector_is_left_out() -> None:
    if not SECTIONS:
        skip_unless_ci("the conformance vectors in ../shared/data are absent")
    assert sum(map(len, SECTIONS.values())) == 1394


def test_a_wrong_expectation_is_a_failure() -> None:
    assert run({"id": "a", "expr": "1 + 1", "value": {"int64_value": "3"}}) is not None
    assert run({"id": "b", "expr": "1 + 1", "value": {"double_value": 2.0}}) is not None
    assert run({"id": "c", "expr": "1 + 1", "eval_error": {}}) is not None
    assert run({"id": "d", "expr": "1 / 0", "value": {"int64_value": "0"}}) is not None
    assert run({"id": "e", "expr": "1 +", "value": {"int64_value": "1"}}) is not None


def test_a_deduced_type_is_compared_exactly() -> None:
    def vector(element: str) -> Vector:
        deduced = {"list_type": {"elem_type": {"primitive": element}}}
        return {
            "id": "a",
            "expr": "[1] + xs",
            "type_env": [
                {"name": "xs", "ident": {"type": {"list_type": {"elem_type": {"dyn": {}}}}}}
            ],
            "typed_result": {"deduced_type": deduced},
            "check_only": True,
        }

    assert run(vector("STRING")) is not None
    assert run(vector("INT64")) is not None
    vector_of_dyn = {
        **vector(""),
        "typed_result": {"deduced_type": {"list_type": {"elem_type": {"dyn": {}}}}},
    }
    assert run(vector_of_dyn) is None


def test_a_vector_may_go_without_macros() -> None:
    vector = {"id": "a", "expr": "[1].all(x, x > 0)", "value": {"bool_value": True}}
    assert run(vector) is None
    assert run({**vector, "disable_macros": True}) is not None
    assert (
        run({"id": "b", "expr": vector["expr"], "eval_error": {}, "disable_macros": True}) is None
    )


def test_a_crash_is_the_failure_of_one_vector() -> None:
    assert "crashed" in str(run({"id": "a", "expr": "1", "value": {"unheard_of": 1}}))
    assert "crashed" in str(run({"id": "b"}))


def test_the_command_ends_with_the_counts(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from tests.cel.conformance import main

    file = tmp_path / "vectors.jsonl"
    good = '{"id": "a/b/good", "expr": "1", "value": {"int64_value": "1"}}\n'
    bad = '{"id": "a/b/bad", "expr": "1", "value": {"int64_value": "2"}}\n'
    file.write_text(good + bad, encoding="utf-8")
    assert main([str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == ["a/b/bad", "1 passed, 1 failed"]
