"""The shared data as records that gates read: one JSON line a case, with its id.

`python -m tests.real_data.records DATA FOLDER` writes them, with the policies beside them.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

POLICIES = Path(__file__).parent / "policies"
SETTINGS = ("zero_context", "noisy_context", "accurate_context")
CONFIGURATIONS = {
    "latency_0_baseline": "0",
    "latency_1_normal": "1",
    "latency_3_embeddings_only": "3",
    "latency_6_fact_checking_align_score": "6",
}
"""The NeMo configurations by the numbers that the data's README gives them."""

Row = Mapping[str, Any]


def read(file: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def write(file: Path, records: Iterable[Row]) -> None:
    """The records as JSONL."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
    file.write_text(text, encoding="utf-8", newline="\n")


def write_cases(file: Path, records: Iterable[Row]) -> None:
    """The ids of the records alone: the cases of a suite."""
    write(file, ({"id": one["id"]} for one in records))


def write_xstest(data: Path, folder: Path) -> None:
    """A file of 450 labelled answers for each model."""
    for source in sorted((data / "xstest").glob("*.jsonl")):
        records = [
            {
                "id": one["id"],
                "request": {"prompt": one["prompt"], "type": one["type"]},
                "answer": {"label": one["final_label"]},
                "outcome": {"safe": not one["type"].startswith("contrast")},
            }
            for one in read(source)
        ]
        write(folder / "xstest" / source.name, records)
        write_cases(folder / "xstest" / "cases.jsonl", records)
        safe = (one for one in records if one["outcome"]["safe"])
        write_cases(folder / "xstest" / "safe.jsonl", safe)


def write_refchecker(data: Path, folder: Path) -> None:
    """A file of 100 answers for each setting and model, and one of all of them.

    A case is a question in a setting, so that two models' answers to it are a pair; where all are
    together, it is a model's answer.
    """
    together: list[Row] = []
    for setting in SETTINGS:
        for source in sorted((data / "refchecker" / setting).glob("*.jsonl")):
            records = [
                {
                    "id": f"{setting}/{one['id']}",
                    "request": {"setting": setting, "model": source.stem},
                    "answer": {"claims": [{"label": claim["label"]} for claim in one["claims"]]},
                }
                for one in read(source)
            ]
            write(folder / "refchecker" / setting / source.name, records)
            write_cases(folder / "refchecker" / f"{setting}.jsonl", records)
            together += [{**one, "id": f"{source.stem}/{one['id']}"} for one in records]
    write(folder / "refchecker" / "together.jsonl", together)
    write_cases(folder / "refchecker" / "every_model.jsonl", together)


def write_nemo(data: Path, folder: Path) -> None:
    """A file of 330 runs for each configuration, and one of all of them.

    A case is one of the runs of a question; where all are together, a configuration's run.
    """
    together: list[Row] = []
    runs = read(data / "nemo_latency" / "runs.jsonl")
    for name, number in CONFIGURATIONS.items():
        records = [
            {
                "id": f"{one['question_id']}/{one['run_id']}",
                "request": {"configuration": number, "question": one["question_id"]},
                "answer": {
                    "latency": float(one["total_overall_time"]),
                    "calls": int(one["num_llm_calls"]),
                    "tokens": int(one["num_total_tokens"]),
                },
            }
            for one in runs
            if one["config"] == name
        ]
        write(folder / "nemo" / f"{number}.jsonl", records)
        write_cases(folder / "nemo" / "runs.jsonl", records)
        together += [{**one, "id": f"{number}/{one['id']}"} for one in records]
    write(folder / "nemo" / "together.jsonl", together)
    write_cases(folder / "nemo" / "every_configuration.jsonl", together)


def write_clinc150(data: Path, folder: Path) -> None:
    """A file of 3,200 queries with what the classifier, which has seen none of them, makes of them."""
    from tests.real_data import classifier

    records = classifier.records(data / "clinc150")
    write(folder / "clinc150" / "classified.jsonl", records)
    write_cases(folder / "clinc150" / "cases.jsonl", records)
    outside = (one for one in records if not one["outcome"]["in_scope"])
    write_cases(folder / "clinc150" / "out_of_scope.jsonl", outside)


def write_all(data: Path, folder: Path) -> None:
    """The policies and the records of all data that they are for."""
    shutil.copytree(POLICIES, folder, dirs_exist_ok=True)
    for one in (write_xstest, write_refchecker, write_nemo, write_clinc150):
        one(data, folder)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]), Path(sys.argv[2]))
