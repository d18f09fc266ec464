"""What a model package says of itself: a small JSON that may come from anywhere.

Fields of the WSInfer model zoo (specification 1.0) keep their names; ours are added beside them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from slideviewer.errors import ModelError
from slideviewer.models.spec_tasks import refuse_nonsense

LARGEST_CONFIG_BYTES = 256 * 1024

CONFIG, WEIGHTS, GOLDEN, CARD = "config.json", "weights.npz", "golden.npz", "CARD.md"
"""The files of a package: the specification, its network's arrays, its sample, its description."""
CARD_DATA, WORST = "card.json", "worst.jpg"
"""What the card's page shows beside: what was measured, and pictures of the worst failures. A
package may lack them."""

_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
_CLASS_NAME = r"^[^\x00-\x1f\x7f]+$"
_SHA_256 = r"^[0-9a-f]{64}$"
# One plain component: no folder, no drive, no "..", nothing hidden.
_FILE_NAME = r"^([A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(npz|md)|card\.json|worst\.jpg)$"

PackageName = Annotated[str, Field(pattern=_NAME)]
Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=4000)]
ClassName = Annotated[str, Field(min_length=1, max_length=64, pattern=_CLASS_NAME)]
Task = Literal["tile-classification", "segmentation", "nuclei"]
Sha256 = Annotated[str, Field(pattern=_SHA_256)]
FileName = Annotated[str, Field(pattern=_FILE_NAME)]


_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "extra_forbidden": "is not known",
        "json_invalid": "is no JSON",
        "string_too_long": "is longer than {max_length} characters",
        "string_too_short": "is empty",
        "too_long": "has more than {max_length} entries",
        "greater_than_equal": "is below {ge}",
        "greater_than": "is not above {gt}",
        "less_than_equal": "is above {le}",
        "finite_number": "is no finite number",
        "literal_error": "is not {expected}",
        "value_error": "{error}",
    }
)
"""Pydantic's types of faults, in the user's words; what the braces name is in its context."""
_PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        _NAME: "may hold only lower-case letters, digits and '-', begins with no '-' and has at"
        " most 64 of them",
        _CLASS_NAME: "has control characters in it",
        _SHA_256: "is no SHA-256",
        _FILE_NAME: "is no plain file name that ends in .npz or .md, and neither card.json nor"
        " worst.jpg",
    }
)
_LONGEST_QUOTED = 60


def first_fault(error: ValidationError) -> str:
    """The first thing that is wrong, in words: ``"name" is 'No Good' and may hold only …``."""
    first = error.errors()[0]
    context = first.get("ctx", {})
    if first["type"] == "string_pattern_mismatch":
        words = _PATTERNS.get(context["pattern"], "has characters that are not allowed in it")
    else:
        words = _FAULTS.get(first["type"], "has not the kind of value that belongs there")
        words = words.format(**context)
    place = ".".join(str(part) for part in first["loc"] if part != "[key]")
    if not place:
        return words if first["type"] == "value_error" else f"it {words}"
    found = first["input"]
    if first["type"] == "missing" or not isinstance(found, str | int | float):
        return f'"{place}" {words}'
    return f'"{place}" is "{str(found)[:_LONGEST_QUOTED]}" and {words}'


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Transform(_Part):
    """A step of preparation outside the model, as the WSInfer zoo writes it."""

    name: Annotated[str, Field(max_length=64)]
    arguments: dict[str, int] = Field(default_factory=dict, max_length=4)


class Metric(_Part):
    """One figure and what it was measured on.

    Attributes
    ----------
    name, variant : str
        What was measured ("roc_auc") and how ("held out by file hash").
    data : str
        The data set.
    value : float
    low, high : float or None
        The 95 % interval.
    count : int
        How many it was measured on.
    unit : str
        What is counted.
    """

    name: Line
    variant: Line
    data: Line
    value: float
    low: float | None = None
    high: float | None = None
    count: Annotated[int, Field(ge=0)] = 0
    unit: Literal["tiles", "pictures"] = "tiles"

    def __str__(self) -> str:
        known = self.low is not None and self.high is not None
        interval = f" ({self.low:.3f} to {self.high:.3f})" if known else ""
        return f"{self.value:.3f}{interval}: {self.data}, {self.variant}, {self.count} {self.unit}"


class ModelSpec(_Part):
    """The contract of a model: what it takes, what it gives, and how far to trust it.

    Attributes
    ----------
    spec_version, architecture, num_classes, class_names, patch_size_pixels, spacing_um_px
    transform
        As in the WSInfer model zoo. A tile covers patch_size_pixels * spacing_um_px micrometres.
    name, title : str
        The package's name in commands, and its title for people.
    task : str
        "tile-classification": one answer a tile, (n, classes). "segmentation": one a pixel,
        (n, patch, patch, classes). "nuclei": a segmentation whose two classes are nuclei, or
        their inside, and the border between those that touch, or the rim of each. Or of three:
        the nuclei, and `spec_tasks.OFFSETS`, how far it is across and down to the middle of
        the pixel's own nucleus, as `slideviewer.inference.nuclei.offsets` has it.
    exclusive : bool
        Whether a place is of exactly one class, so that probabilities sum to one (softmax), or
        classes may overlap, each with a probability of its own (sigmoid).
    centre_size_pixels : int or None
        Of a tile model that answers for the middle of what it sees: the side of that middle. The
        whole tile by default.
    licence, intended_use, trained_on : str
    metrics : tuple of Metric
    target_class : str
        The class of interest, painted red.
    threshold : float
        The probability from which a tile counts as the target.
    temperature : float
        Calibration: probabilities are taken to the power 1/temperature and summed to one again.
    input_scaling : str
        Where pixel values are scaled: inside the model, so callers hand over uint8 RGB 0..255.
    stain_handling : str
        What is done about stains: nothing outside the model.
    architecture_config : dict
        Checked by the architecture itself when the network is built.
    files : dict of str to str
        SHA-256 of each file of the package by its name.
    sizes : dict of str to int
        Bytes of the same files; empty in packages that were written before there were sizes.
    golden_tolerance : float
        How far the golden output may be missed in full precision.
    reduced_tolerance : float
        The same for an engine that computes in fewer bits (bfloat16, float16).
    parent : str or None
        Hash of the package that this one was fine-tuned from.
    """

    spec_version: Literal["1.0"] = "1.0"
    architecture: PackageName
    num_classes: Annotated[int, Field(ge=1, le=256)]
    class_names: Annotated[tuple[ClassName, ...], Field(max_length=256)]
    patch_size_pixels: Annotated[int, Field(ge=16, le=2048)]
    spacing_um_px: Annotated[float, Field(ge=0.01, le=100)]
    transform: Annotated[tuple[Transform, ...], Field(max_length=8)] = ()
    name: PackageName
    title: Line
    task: Task = "tile-classification"
    exclusive: bool = True
    centre_size_pixels: Annotated[int, Field(ge=1, le=2048)] | None = None
    licence: Line
    intended_use: Text
    trained_on: Text
    metrics: Annotated[tuple[Metric, ...], Field(max_length=64)] = ()
    target_class: ClassName
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5
    temperature: Annotated[float, Field(ge=0.05, le=20)] = 1.0
    input_scaling: Literal["inside the model"] = "inside the model"
    stain_handling: Literal["none"] = "none"
    architecture_config: dict[str, Any] = Field(default_factory=dict, max_length=64)
    files: dict[FileName, Sha256] = Field(default_factory=dict, max_length=16)
    sizes: dict[FileName, Annotated[int, Field(ge=0)]] = Field(default_factory=dict, max_length=16)
    golden_tolerance: Annotated[float, Field(gt=0, le=0.1)] = 1e-3
    reduced_tolerance: Annotated[float, Field(gt=0, le=0.2)] = 0.05
    parent: Sha256 | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if len(self.class_names) != self.num_classes:
            raise ValueError(
                f"num_classes is {self.num_classes}, but there are {len(self.class_names)} names"
            )
        if len(set(self.class_names)) != len(self.class_names):
            raise ValueError("class_names holds a name twice")
        if self.target_class not in self.class_names:
            raise ValueError(f'target_class "{self.target_class}" is not one of class_names')
        if self.sizes and self.sizes.keys() != self.files.keys():
            raise ValueError("sizes are of other files than files")
        refuse_nonsense(self)
        resize = Transform(name="Resize", arguments={"size": self.patch_size_pixels})
        if any(step != resize for step in self.transform):
            raise ValueError("transform holds more than a Resize to patch_size_pixels")
        return self

    @property
    def target(self) -> int:
        """Index of the class of interest."""
        return self.class_names.index(self.target_class)

    @property
    def offsets(self) -> int | None:
        """The index of the first of `spec_tasks.OFFSETS`, where the outputs have those."""
        return 1 if self.task == "nuclei" and self.num_classes == 3 else None

    @property
    def proper_classes(self) -> tuple[str, ...]:
        """The classes that have probabilities, without `spec_tasks.OFFSETS`."""
        return self.class_names[: self.offsets]

    @property
    def answer_shape(self) -> tuple[int, ...]:
        """Shape of the answer for one tile: (classes,), or (patch, patch, classes)."""
        if self.task == "tile-classification":
            return (self.num_classes,)
        return (self.patch_size_pixels, self.patch_size_pixels, self.num_classes)

    @property
    def cell_um(self) -> float:
        """Side of what one answer of a tile model stands for, in micrometres."""
        return (self.centre_size_pixels or self.patch_size_pixels) * self.spacing_um_px

    @property
    def patch_um(self) -> float:
        """Side of a tile on the slide, in micrometres."""
        return self.patch_size_pixels * self.spacing_um_px

    @classmethod
    def from_json(cls, data: bytes) -> ModelSpec:
        """Read a specification.

        Raises
        ------
        ModelError
            With the first thing that is wrong.
        """
        if len(data) > LARGEST_CONFIG_BYTES:
            raise ModelError(
                f"The configuration of {len(data):,} bytes is larger than the"
                f" {LARGEST_CONFIG_BYTES:,} allowed."
            )
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ModelError(
                f"The configuration is wrong: {first_fault(error)}.",
                remedy="Install the model again, or ask whoever made it.",
            ) from error

    def to_json(self) -> bytes:
        """Write the specification, the same bytes for the same values."""
        text = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)
        return (text + "\n").encode()
