"""Policies that commands are given: found in folders, and loaded from files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from demur.cli.status import CouldNotRun, InvalidPolicy
from demur.diagnostics import Checked, Diagnostic, InvalidSource, Severity
from demur.files import check_inside, open_file
from demur.runtime.bundle import LARGEST

if TYPE_CHECKING:
    from demur.policy import Policy
    from demur.runtime.bundle import BundleError
    from demur.runtime.evaluator import Evaluator

ENDINGS = (".yaml", ".yml")
_LANGUAGE_KEY = re.compile(rb"""^(?:\xef\xbb\xbf)?["']?demur["']?[ \t]*:""", re.MULTILINE)


def policy_files(paths: Sequence[Path]) -> list[Path]:
    """The files among `paths`, and the policy files in the folders among them, each once.

    In a folder a policy file is one that ends in `.yaml` or `.yml` and has a top-level key `demur`.
    Hidden folders and test files (`NAME.test.yaml`) are passed over.
    """
    found: dict[Path, None] = {}
    for path in paths:
        _is_no_record(path)
        found.update(dict.fromkeys(_policies_in(path) if path.is_dir() else (path,)))
    return list(found)


def _policies_in(folder: Path) -> Iterator[Path]:
    """The folder's policy files. Raises `CouldNotRun` for a link to one that stands elsewhere."""
    from demur.language.source import MAX_FILE_SIZE

    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        is_test = path.stem.endswith(".test")
        if path.suffix.lower() not in ENDINGS or hidden or is_test or not path.is_file():
            continue
        try:
            if not _LANGUAGE_KEY.search(content(path, MAX_FILE_SIZE)):
                continue
            check_inside(path, folder, hidden=True)
        except OSError as failure:
            raise _unread(path, failure) from None
        yield path


def content(path: Path, most: int = LARGEST) -> bytes:
    """The file's content, as much as a policy or a bundle has at most. Raises OSError."""
    with open_file(path) as file:
        return file.read(most)


def load(path: Path) -> Evaluator:
    """The policy at `path`, a bundle or a policy file. Raises `InvalidPolicy` or `CouldNotRun`."""
    from demur.runtime.bundle import BundleError, decode, is_bundle
    from demur.runtime.evaluator import Evaluator

    _is_no_record(path)
    try:
        data = content(path)
    except OSError as failure:
        raise _unread(path, failure) from None
    try:
        if is_bundle(data):
            return _ready(*decode(data))
        from demur.language.compile import compile_file

        return Evaluator(*compile_file(path.as_posix()))
    except BundleError as failure:
        raise InvalidPolicy(refusal(path, failure)) from None
    except InvalidSource as invalid:
        raise InvalidPolicy(findings(path, invalid.diagnostics)) from None


def _unread(path: Path, failure: OSError) -> CouldNotRun:
    return CouldNotRun(f"{path.as_posix()}: {failure.strerror or failure}")


def _is_no_record(path: Path) -> None:
    """Reports a file of records that is given for a policy."""
    from demur.interop.records import READERS, ending

    if ending(path) in READERS:
        what = f"{path.as_posix()} is a file of records, by its name."
        raise click.UsageError(f"{what} A policy is a .yaml file or a bundle.")


def _ready(policy: Policy, digest: str) -> Evaluator:
    """The policy of a bundle. Raises `BundleError` for one that no compiler of demur wrote."""
    from demur.functions.values import EvaluationError
    from demur.runtime.bundle import BundleError
    from demur.runtime.evaluator import Evaluator

    try:
        return Evaluator(policy, digest)
    except (AttributeError, EvaluationError, LookupError, TypeError, ValueError):
        raise BundleError(
            "DM706",
            "The bundle's content is not a compiled policy.",
            "Compile the policy again with this version of demur.",
        ) from None


def refusal(path: Path, failure: BundleError) -> str:
    """Why a bundle, a signature or a key is refused, as text."""
    return findings(path, (_as_diagnostic(failure),))


def _as_diagnostic(failure: BundleError) -> Diagnostic:
    from demur.runtime.bundle_codes import BUNDLE_CODES
    from demur.runtime.signature_codes import SIGNATURE_CODES

    name = {**BUNDLE_CODES, **SIGNATURE_CODES}[failure.code][0]
    return Diagnostic(failure.code, name, Severity.ERROR, failure.message, help=failure.help)


def findings(path: Path, diagnostics: Sequence[Diagnostic]) -> str:
    """The findings as text, each with its line of the file that it is in."""
    from demur.report.formats import text

    by_file: dict[str, list[Diagnostic]] = {}
    for one in diagnostics:
        place = path.as_posix() if one.span is None else one.span.path
        by_file.setdefault(place, []).append(one)
    results = [Checked(name, _text(name), tuple(found)) for name, found in by_file.items()]
    return text.write(results, {}).removesuffix("\n")


def _text(path: str) -> str:
    """The file's text, so far as there is one to show."""
    from demur.language.source import read_content

    try:
        return read_content(Path(path)).decode("utf-8-sig", "surrogateescape")
    except OSError:
        return ""
