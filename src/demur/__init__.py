"""demur: a policy engine for production ML and LLM systems.

>>> policy = demur.load("policies/support_rag.yaml")            # doctest: +SKIP
>>> decision = policy.decide(record, stage="retrieval")         # doctest: +SKIP

Nothing is imported until it is asked for, so that loading a bundle costs a service little.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from os import PathLike
    from typing import Any

    from demur import cel as cel
    from demur.diagnostics import InvalidSource as InvalidSource
    from demur.functions.values import EvaluationError as EvaluationError
    from demur.runtime.bundle import BundleError as BundleError
    from demur.runtime.decision import Decision as Decision
    from demur.runtime.evaluator import Evaluator as Evaluator
    from demur.service.guard import Guard as Guard
    from demur.service.refusal import ReloadError as ReloadError
    from demur.service.reload import watch as watch
    from demur.service.trace import Stopped as Stopped
    from demur.service.trace import Unchecked as Unchecked

__version__ = "0.1.0"

_LAZY = {
    "BundleError": "demur.runtime.bundle",
    "Decision": "demur.runtime.decision",
    "EvaluationError": "demur.functions.values",
    "Evaluator": "demur.runtime.evaluator",
    "Guard": "demur.service.guard",
    "InvalidSource": "demur.diagnostics",
    "ReloadError": "demur.service.refusal",
    "Stopped": "demur.service.trace",
    "Unchecked": "demur.service.trace",
    "watch": "demur.service.reload",
}

__all__ = [
    "BundleError",
    "Decision",
    "EvaluationError",
    "Evaluator",
    "Guard",
    "InvalidSource",
    "ReloadError",
    "Stopped",
    "Unchecked",
    "cel",
    "load",
    "watch",
]


def load(
    path: str | PathLike[str],
    *,
    parameters: Mapping[str, Any] | None = None,
    keys: Iterable[str | PathLike[str] | bytes] | None = None,
) -> Evaluator:
    """The policy at `path`, a bundle or a policy file, ready to decide.

    `parameters` replaces values of the policy's `params`, within their bounds; the digest then
    differs. With `keys`, public keys in PEM as paths or bytes, only a bundle that one of them signed
    is loaded, be the signature in it or beside it (`FILE.sig`). Raises `BundleError` for a bad bundle
    or key, `InvalidSource` with every diagnostic for a bad policy file, OSError where a file cannot be
    read, ValueError for a bad parameter or no key.
    """
    from demur.files import open_file
    from demur.runtime.bundle import LARGEST, is_bundle
    from demur.runtime.evaluator import Evaluator

    with open_file(path) as file:
        data = file.read(LARGEST)
    if keys is not None:
        from demur.runtime.signatures import load_signed

        evaluator = Evaluator(*load_signed(data, path, keys))
    elif is_bundle(data):
        from demur.runtime.bundle import decode

        evaluator = Evaluator(*decode(data))
    else:
        from demur.language.compile import compile_file

        evaluator = Evaluator(*compile_file(path))
    return evaluator.with_parameters(parameters) if parameters else evaluator


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name == "cel":
        return import_module("demur.cel")
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'demur' has no attribute {name!r}")
