"""What engines make of models, kept from one test to the next."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from slideviewer.paths import converted_models_folder, engines_file


@pytest.fixture(scope="session", autouse=True)
def folder_of_all_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's folder of what outlives a test, such as the worker of a module."""
    folder = tmp_path_factory.mktemp("user-of-all")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIDEVIEWER_DATA_DIR", str(folder))
        yield folder


@pytest.fixture
def kept_engines(folder_of_all_tests: Path, user_folder: Path) -> Iterator[None]:
    """The user has predicted with the models of other tests before.

    To convert a model, and to find its fastest engine, takes a new process seconds: it imports
    TensorFlow for that alone.
    """
    _hand_on(folder_of_all_tests, user_folder)
    yield
    _hand_on(user_folder, folder_of_all_tests)


def _hand_on(former: Path, following: Path) -> None:
    # Both are replaced as a whole when they change, so a link never changes under its name.
    models, choices = (
        it.relative_to(_here()) for it in (converted_models_folder(), engines_file())
    )
    for path in [*(former / models).glob("*.openvino"), former / choices]:
        target = following / path.relative_to(former)
        if path.is_file() and (path.name == choices.name or not target.exists()):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            os.link(path, target)


def _here() -> Path:
    return engines_file().parent
