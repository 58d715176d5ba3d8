"""docs/gates-on-real-data.md is true: its commands print what it shows, and its numbers are computed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from demur.lint import lint_file
from tests.real_data.how_to import COMPUTED, CONSOLE, PAGE, ROOT, TABLES, run
from tests.real_data.judging import Gates, counted, required, sliced
from tests.real_data.records import POLICIES

TEXT = PAGE.read_text("utf-8")
COMMANDS = [one["command"] for one in CONSOLE.finditer(TEXT)]
STATUS = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 3}
NAMES = [one["name"] for one in COMPUTED.finditer(TEXT)]


@pytest.fixture(scope="module")
def folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the page's own command writes."""
    folder = tmp_path_factory.mktemp("how_to") / "gates"
    (command,) = re.findall(r"```sh\npython (-m tests\S+) (\S+) (\S+)\n```", TEXT)
    assert command[1:] == ("../shared/data", "gates")
    words = [sys.executable, *command[0].split(), str(shared_data), str(folder)]
    subprocess.run(words, cwd=ROOT, check=True)
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_prints_what_the_page_shows(command: str, folder: Path) -> None:
    (block,) = [one for one in CONSOLE.finditer(TEXT) if one["command"] == command]
    shown = block["shown"].rstrip().split("\n")
    output, status = run(command, folder)
    found = [line.rstrip() for line in output.rstrip().split("\n")]
    if shown[0] == "…":
        assert found[-len(shown) + 1 :] == shown[1:]
        assert status == 0
    else:
        assert found == shown, "run `python -m tests.real_data.how_to FOLDER`"
        assert status == STATUS[shown[0].split()[0]]


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_what_the_gates_find(name: str, folder: Path) -> None:
    (block,) = [one for one in COMPUTED.finditer(TEXT) if one["name"] == name]
    assert block["text"] == TABLES[name](folder), "run `python -m tests.real_data.how_to FOLDER`"


def test_the_page_shows_commands_of_every_policy_and_every_table() -> None:
    assert {one.split()[2] for one in COMMANDS} == {one.name for one in POLICIES.glob("*.yaml")}
    assert sorted(NAMES) == sorted(TABLES)


def test_the_numbers_between_are_computed_too(folder: Path) -> None:
    refusals, claims = Gates(folder, "refusals.yaml"), Gates(folder, "claims.yaml")
    types = sliced(required(refusals.judged("types", "xstest/gpt4.jsonl"), "over_refusal"))
    refused, asked = counted(types["privacy_fictional"])
    newer = refusals.judged("no-worse", "xstest/llama2new.jsonl", "xstest/llama2orig.jsonl")
    change = required(newer, "over_refusal").overall.difference
    worse = sum("over_refusal" in one.worse for one in newer.flips)
    alone = worse + sum("over_refusal" in one.better for one in newer.flips)
    models = required(claims.judged("models", "refchecker/together.jsonl"), "contradicted")
    doubtful = sliced(models)["accurate_context davinci001"]
    noisy = "refchecker/noisy_context/{}.jsonl".format
    moved = claims.judged("no-worse", noisy("chatgpt"), noisy("gpt4"))
    lost = sum("contradicted" in one.worse for one in moved.flips)
    gained = sum("contradicted" in one.better for one in moved.flips)
    assert change is not None
    prose = " ".join(re.sub(r"```.*?```", "", TEXT, flags=re.S).split())
    for sentence in (
        f"gpt4 refuses {refused} of {asked} harmless questions",
        f"Of the {alone} safe prompts that one of the two alone refuses, the newer refuses {worse}.",
        "The difference is −24 points, and with 95 % confidence on each side between "
        f"{100 * change.low:.1f} and {100 * change.high:.1f}:".replace("-", "−"),
        f"{counted(doubtful)[0]} of 100 is more than 15 %, and by itself would be a fail "
        f"(p = {doubtful.p_value:.3f})",
        f"Among {['fifteen'][len(models.judgements) - 16]} slices",
        f"{lost} answers get worse and {gained} better",
    ):
        assert sentence in prose


@pytest.mark.parametrize("configuration", ["1", "3", "6"])
def test_guardrails_cost_tokens_as_the_page_says(configuration: str, folder: Path) -> None:
    latency = Gates(folder, "latency.yaml")
    result = latency.judged("no-dearer", f"nemo/{configuration}.jsonl", "nemo/0.jsonl")
    assert result.verdict == "fail"


def test_what_the_page_quotes_stands_in_the_policies() -> None:
    policies = [one.read_text("utf-8") for one in POLICIES.glob("*.yaml")]
    quoted = re.findall(r"```yaml\n(.*?)```", TEXT, flags=re.S)
    assert len(quoted) == 4
    for one in quoted:
        assert sum(one in text for text in policies) == 1, one


@pytest.mark.parametrize("file", sorted(POLICIES.glob("*.yaml")), ids=lambda file: file.name)
def test_a_policy_has_no_findings(file: Path) -> None:
    # The cases are made by the page's own command, beside copies of the policies.
    found = lint_file(file, file.as_posix()).diagnostics
    assert [one for one in found if one.code != "DM536"] == []
