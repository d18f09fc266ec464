"""Models that can be downloaded: a list that ships with the product."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slideviewer.errors import ModelError
from slideviewer.models.spec import Line, PackageName, Sha256, first_fault
from slideviewer.paths import bundled_models_folder

LARGEST_REGISTRY_BYTES = 1 << 20
LARGEST_DOWNLOAD_BYTES = 2 << 30

Url = Annotated[str, Field(pattern=r"^https?://[^\s\x00-\x1f]+$", max_length=2000)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RegisteredModel(_Part):
    """A model package that somebody offers.

    Attributes
    ----------
    name, title, licence : str
        As in the package.
    urls : tuple of str
        Where its zip lies, http or https; the first that works is taken.
    sha256 : str
        Of the zip.
    size : int
        Of the zip, in bytes.
    """

    name: PackageName
    title: Line
    licence: Line
    urls: Annotated[tuple[Url, ...], Field(min_length=1, max_length=8)]
    sha256: Sha256
    size: Annotated[int, Field(ge=1, le=LARGEST_DOWNLOAD_BYTES)]

    @property
    def file_name(self) -> str:
        """Name of the downloaded zip, another for each version of it."""
        return f"{self.name}-{self.sha256[:12]}.zip"


class _Registry(_Part):
    version: Literal[1]
    models: Annotated[tuple[RegisteredModel, ...], Field(max_length=1000)]


def registry_file() -> Path:
    """The list: SLIDEVIEWER_REGISTRY where that is set, else the product's own."""
    named = os.environ.get("SLIDEVIEWER_REGISTRY")
    return Path(named) if named else bundled_models_folder() / "registry.json"


def registered_models() -> tuple[RegisteredModel, ...]:
    """Read the list.

    Raises
    ------
    ModelError
        If it cannot be read, or names one model twice.
    """
    path = registry_file()
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_REGISTRY_BYTES + 1)
    except OSError as error:
        raise ModelError(
            f"The list of models to download cannot be read: {error.strerror or error}.", path=path
        ) from error
    if len(data) > LARGEST_REGISTRY_BYTES:
        raise ModelError(
            f"The list of models to download is larger than {LARGEST_REGISTRY_BYTES:,} bytes.",
            path=path,
        )
    try:
        models = _Registry.model_validate_json(data).models
    except ValidationError as error:
        raise ModelError(
            f"The list of models to download is wrong: {first_fault(error)}.", path=path
        ) from error
    names = [model.name for model in models]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ModelError(f'The list of models to download names "{twice}" twice.', path=path)
    return models


def registered_model(name: str) -> RegisteredModel:
    """Find one in the list.

    Raises
    ------
    ModelError
        If it is not there.
    """
    models = registered_models()
    for model in models:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in models)
    raise ModelError(
        f'There is no model "{name}" to download.',
        remedy=f"There are: {known}." if known else "The list of such models is empty so far.",
    )
