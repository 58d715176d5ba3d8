"""JSON by HTTP POST."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def post(url: str, content: Any, timeout: float) -> None:
    """Posts the content. Raises OSError where it does not arrive or is refused."""
    request = Request(
        url,
        data=json.dumps(content, allow_nan=False).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "demur"},
        method="POST",
    )
    try:
        with urlopen(request, timeout=timeout) as answer:
            answer.read(65_536)
    except HTTPError as refusal:
        said = refusal.read(500).decode("utf-8", "replace").strip()
        raise OSError(f"it answered {refusal.code}: {said or refusal.reason}") from None
