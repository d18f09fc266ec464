"""Fixtures for all tests: Qt without a screen, the user's folder aside, and real data."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public test files, which the repository itself does not hold."""
    folder = Path(os.environ.get("SLIDEVIEWER_TEST_DATA", _BESIDE_THE_CHECKOUT))
    if not (folder / "slides").is_dir():
        pytest.skip(f"no public test data at {folder}; set SLIDEVIEWER_TEST_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def user_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the test's own in place of the user's."""
    folder = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("SLIDEVIEWER_DATA_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def made_slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small slide of the product's own drawing: 4096 x 3072 pixels at 0.25 µm."""
    from slideviewer.slide.synthetic import generate_slide

    path = tmp_path_factory.mktemp("made") / "made.tif"
    return generate_slide(path, seed=3, size=(4096, 3072)).path


# A slow machine is no fault of the program. Elsewhere each run tries other examples; where a change
# is judged, the same ones each time, so that it answers for itself alone.
settings.register_profile("without a clock", deadline=None)
settings.register_profile("judging", deadline=None, derandomize=True)
settings.load_profile("judging" if os.environ.get("CI") else "without a clock")

pytest_plugins = [
    "patient_qtbot",
    "kept_engines",
    "window_fixtures",
    "view_fixtures",
    "tame_worker",
]
