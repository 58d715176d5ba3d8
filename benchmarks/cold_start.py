"""A fresh Python that loads a bundle against one that does nothing."""

from __future__ import annotations

import compileall
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import demur
from benchmarks.decisions import POLICY
from benchmarks.measuring import Measurement, paired
from demur.runtime.bundle import encode


def measure() -> Iterator[Measurement]:
    """The ratio of the whole processes, with byte code compiled as an installer leaves it."""
    compileall.compile_dir(Path(demur.__file__).parent, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "policy.demur"
        bundle.write_bytes(encode(demur.load(POLICY).policy))
        load = f"import demur; demur.load({str(bundle)!r})"
        yield paired(
            "cold start: import demur and load a bundle",
            lambda: subprocess.run([sys.executable, "-c", load], check=True),
            lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
            limit=2.0,
            pairs=40,
            seconds=0.0,
        )
