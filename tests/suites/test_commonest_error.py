"""What most of a run's errors say, for whoever looks at the run and not at its results."""

from __future__ import annotations

import json
from pathlib import Path

from demur.suites.results import commonest_error


def results(folder: Path, *errors: object) -> Path:
    path = folder / "results.jsonl"
    lines = [{"id": f"c{at}", **({"error": one} if one else {})} for at, one in enumerate(errors)]
    path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    return path


def test_the_text_that_most_results_have_is_told_with_how_many_have_it(tmp_path: Path) -> None:
    busy, down = {"kind": "http", "message": "429"}, {"kind": "connection", "message": "refused"}
    assert commonest_error(results(tmp_path, busy, down, None, down), texts=True) == ("refused", 2)


def test_the_first_of_texts_that_are_as_frequent_is_told(tmp_path: Path) -> None:
    first, second = {"kind": "http", "message": "429"}, {"kind": "http", "message": "500"}
    assert commonest_error(results(tmp_path, first, second), texts=True) == ("429", 1)


def test_an_error_without_a_text_is_told_by_its_kind(tmp_path: Path) -> None:
    assert commonest_error(results(tmp_path, {"kind": "timeout"}), texts=True) == ("timeout", 1)


def test_results_without_an_error_have_none(tmp_path: Path) -> None:
    assert commonest_error(results(tmp_path, None, None), texts=True) is None


def test_without_texts_it_is_told_in_words_that_quote_no_case(tmp_path: Path) -> None:
    said = [
        {"kind": "exception", "message": f"KeyError: {one}", "summary": "KeyError"}
        for one in ("ada", "bob")
    ]
    assert commonest_error(results(tmp_path, *said), texts=False) == ("KeyError", 2)
    (tmp_path / "other").mkdir()
    old = {"kind": "exception", "message": "KeyError: ada"}
    assert commonest_error(results(tmp_path / "other", old), texts=False) == ("exception", 1)
