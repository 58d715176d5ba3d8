from __future__ import annotations

from pathlib import Path

import pytest

from demur import testing
from tests.testing.files import POLICY, marked, one_test, only_problem, problems, write

PASSES = one_test("{action: answer}")


def paths(report: testing.TestReport, folder: Path) -> list[str]:
    return [Path(file.path).relative_to(folder).as_posix() for file in report.files]


def test_folders_are_searched_and_hidden_ones_passed_over(tmp_path: Path) -> None:
    for name in ("b/c", "a", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
        write(tmp_path / name, PASSES)
    write(tmp_path, PASSES)
    report = testing.run([tmp_path])
    assert report.passed
    assert paths(report, tmp_path) == [
        "a/policy.test.yaml",
        "b/c/policy.test.yaml",
        "policy.test.yaml",
    ]


def test_a_file_named_twice_runs_once(tmp_path: Path) -> None:
    path = write(tmp_path, PASSES)
    assert len(testing.run([path, tmp_path, str(path)]).files) == 1


def test_a_policy_means_the_test_file_beside_it(tmp_path: Path) -> None:
    write(tmp_path, PASSES)
    report = testing.run([tmp_path / "policy.yaml"])
    assert report.passed
    assert paths(report, tmp_path) == ["policy.test.yaml"]


def test_a_folder_without_tests_fails(tmp_path: Path) -> None:
    report = testing.run([tmp_path])
    assert report.outcome is testing.Outcome.FAIL
    assert only_problem(report).code == "DM601"


def test_a_policy_without_tests_fails_even_beside_one_that_has_them(tmp_path: Path) -> None:
    path = write(tmp_path, PASSES)
    (tmp_path / "other.yaml").write_text(POLICY, encoding="utf-8")
    report = testing.run([path, tmp_path / "other.yaml"])
    assert report.outcome is testing.Outcome.FAIL
    assert report.failed == ()
    assert "other.test.yaml" in str(only_problem(report).help)


def test_the_policy_may_be_named_in_the_folder_or_beneath(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/other.yaml").write_text(POLICY, encoding="utf-8")
    path = tmp_path / "it.test.yaml"
    path.write_text(f"policy: inner/other.yaml\n{PASSES}", encoding="utf-8")
    report = testing.run([path])
    assert report.passed
    assert report.files[0].policy == (tmp_path / "inner/other.yaml").as_posix()


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("../outside.yaml", "outside of the test file's folder"),
        ("inner/../../outside.yaml", "outside of the test file's folder"),
        ("/outside.yaml", "outside of the test file's folder"),
        ("C:/outside.yaml", "outside of the test file's folder"),
        ("missing.yaml", "There is no file `missing.yaml`"),
        (".", "There is no file"),
    ],
)
def test_a_policy_elsewhere_is_an_error(tmp_path: Path, named: str, says: str) -> None:
    folder = tmp_path / "tests"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "outside.yaml").write_text(POLICY, encoding="utf-8")
    path = folder / "it.test.yaml"
    path.write_text(f"policy: {named}\n{PASSES}", encoding="utf-8")
    report = testing.run([path])
    problem = only_problem(report)
    assert report.outcome is testing.Outcome.INVALID
    assert problem.code == "DM605"
    assert says in problem.message
    assert marked(path, problem) == named


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (tmp_path / "outside.yaml").write_text(POLICY, encoding="utf-8")
    try:
        (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    except OSError:
        pytest.skip("this system lets tests make no symbolic links")
    path = folder / "it.test.yaml"
    path.write_text(f"policy: link.yaml\n{PASSES}", encoding="utf-8")
    assert "outside" in only_problem(testing.run([path])).message


def test_a_test_file_without_its_policy_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "it.test.yaml"
    path.write_text(PASSES, encoding="utf-8")
    problem = only_problem(testing.run([path]))
    assert problem.code == "DM605"
    assert "`it.yaml`" in problem.message


def test_an_invalid_policy_is_reported_with_its_own_errors(tmp_path: Path) -> None:
    policy = POLICY.replace("answer.confidence < params.floor", "answer.confidense < params.floor")
    path = write(tmp_path, PASSES, policy)
    report = testing.run([path])
    assert report.outcome is testing.Outcome.INVALID
    assert report.cases == ()
    problem = problems(report)[0]
    assert problem.span is not None
    assert problem.span.path == (tmp_path / "policy.yaml").as_posix()
    assert "confidense" in report.files[0].texts[problem.span.path]


@pytest.mark.parametrize("text", ["", "tests: [", "- a\n", "\x00", "tests: 7\n"])
def test_a_malformed_test_file_is_an_error_and_never_raised(tmp_path: Path, text: str) -> None:
    report = testing.run([write(tmp_path, text)])
    assert report.outcome is testing.Outcome.INVALID
    assert problems(report)


def test_a_file_that_cannot_be_read_is_the_worst_outcome(tmp_path: Path) -> None:
    report = testing.run([tmp_path / "missing.test.yaml"])
    assert report.outcome is testing.Outcome.ERROR
