"""Fixtures for all tests: Qt without a screen, and real data where it is to be had."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public test files, which the repository itself does not hold."""
    folder = Path(os.environ.get("SLIDEVIEWER_TEST_DATA", _BESIDE_THE_CHECKOUT))
    if not (folder / "slides").is_dir():
        pytest.skip(f"no public test data at {folder}; set SLIDEVIEWER_TEST_DATA to its folder")
    return folder
