"""Configurations of the WSInfer model zoo (specification 1.0): read, and written from packages.

Its models are PyTorch programs, which do not load here. What carries over is the contract: the
classes, and how much of a slide a tile covers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from slideviewer.errors import ModelError
from slideviewer.models.spec import (
    LARGEST_CONFIG_BYTES,
    ClassName,
    ModelSpec,
    first_fault,
)

WEIGHTS = "torchscript_model.pt"
"""The weights beside a configuration in the zoo."""

_FIELDS = (
    "spec_version",
    "architecture",
    "num_classes",
    "class_names",
    "patch_size_pixels",
    "spacing_um_px",
    "transform",
)


class WSInferStep(BaseModel):
    """A step of preparation: to another size, to a tensor, to the training set's mean."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Literal["Resize", "ToTensor", "Normalize"]
    arguments: dict[str, Any] = Field(default_factory=dict, max_length=16)


class WSInferConfig(BaseModel):
    """What a model of the zoo says of itself; fields as there.

    Attributes
    ----------
    spec_version, architecture, num_classes, class_names
    patch_size_pixels, spacing_um_px
        A tile as it is read: their product is its side in micrometres.
    transform
        What is done to it before the network.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False)

    spec_version: Literal["1.0"]
    architecture: Annotated[str, Field(max_length=100)]
    num_classes: Annotated[int, Field(ge=1, le=256)]
    class_names: Annotated[tuple[ClassName, ...], Field(min_length=1, max_length=256)]
    patch_size_pixels: Annotated[int, Field(ge=1, le=65536)]
    spacing_um_px: Annotated[float, Field(gt=0, le=100)]
    transform: Annotated[tuple[WSInferStep, ...], Field(max_length=16)]

    @property
    def network_pixels(self) -> int:
        """Side of what the network sees, in pixels: after the last `Resize`."""
        sizes = [step.arguments.get("size") for step in self.transform if step.name == "Resize"]
        last = sizes[-1] if sizes else None
        if isinstance(last, list) and len(set(map(str, last))) == 1:
            last = last[0]
        return last if isinstance(last, int) and last > 0 else self.patch_size_pixels

    @property
    def patch_um(self) -> float:
        """Side of a tile on the slide, in micrometres."""
        return self.patch_size_pixels * self.spacing_um_px


def read_wsinfer(path: Path) -> WSInferConfig:
    """Read a configuration of the zoo.

    Raises
    ------
    ModelError
        If it is none, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST_CONFIG_BYTES + 1)
    except OSError as error:
        raise ModelError(f"It cannot be read: {error.strerror or error}.", path=path) from error
    if len(data) > LARGEST_CONFIG_BYTES:
        raise ModelError(f"It is larger than {LARGEST_CONFIG_BYTES:,} bytes.", path=path)
    try:
        config = WSInferConfig.model_validate_json(data)
    except ValidationError as error:
        raise ModelError(
            f"This is no configuration of the WSInfer model zoo: {first_fault(error)}.", path=path
        ) from error
    if len(config.class_names) != config.num_classes:
        raise ModelError(
            f"num_classes is {config.num_classes}, but there are {len(config.class_names)} names.",
            path=path,
        )
    return config


def refuse_wsinfer(file: Path) -> None:
    """Say of a model of the zoo what it is and why it does not load; of anything else nothing.

    Parameters
    ----------
    file : Path
        A configuration, perhaps.

    Raises
    ------
    ModelError
        If it is one.
    """
    if file.suffix.lower() != ".json" or not file.is_file():
        return
    try:
        config = read_wsinfer(file)
    except ModelError:
        return
    if _is_ours(file):
        return
    raise ModelError(
        f"This is a WSInfer configuration: {config.architecture}, classes"
        f" {', '.join(config.class_names)}, tiles of {config.patch_size_pixels} px at"
        f" {config.spacing_um_px:g} µm/px. Its weights ({WEIGHTS}) are a PyTorch program, which"
        " does not load here.",
        path=file,
        remedy=f"slideviewer train tiles --like {file} … trains a model for the same tiles and"
        " classes.",
    )


def wsinfer_json(spec: ModelSpec) -> bytes:
    """Write a package's contract as a configuration of the zoo.

    Raises
    ------
    ModelError
        If it is no tile classifier: the zoo knows nothing else.
    """
    if spec.task != "tile-classification":
        raise ModelError(
            f'The WSInfer zoo holds tile classifiers, and "{spec.name}" is made for {spec.task}.'
        )
    values = spec.model_dump(mode="json")
    values["transform"] = values["transform"] or [
        {"name": "Resize", "arguments": {"size": spec.patch_size_pixels}}
    ]
    text = json.dumps({name: values[name] for name in _FIELDS}, indent=2, ensure_ascii=False)
    return (text + "\n").encode()


def _is_ours(file: Path) -> bool:
    """Whether a configuration has the fields that packages of ours add."""
    return "target_class" in json.loads(file.read_bytes())
