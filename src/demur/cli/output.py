"""What commands write: files complete or not at all, and colours where they are wanted."""

from __future__ import annotations

import os
from pathlib import Path

from demur.interop.replacing import replacing


def colour() -> bool | None:
    """What `click.echo` is to do: no colours if NO_COLOR is set, else as the stream can."""
    return False if os.environ.get("NO_COLOR") else None


def write_text(path: Path, text: str) -> None:
    """The text as the file's whole content, in UTF-8, its line ends as they are."""
    with replacing(path) as stream:
        stream.write(text.encode("utf-8", "backslashreplace"))
