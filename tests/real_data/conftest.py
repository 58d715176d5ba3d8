"""The shared data as records, written once, with the policies for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.real_data import records


@pytest.fixture(scope="session")
def gates_folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policies and the records of all data."""
    folder = tmp_path_factory.mktemp("gates")
    records.write_all(shared_data, folder)
    return folder
