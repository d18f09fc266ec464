"""Models as OpenVINO wants them, made from their packages once and kept.

A file is a line of JSON, the network's XML, and its weights. It is used only where the line fits
the package and all versions, and the rest its SHA-256; else it is made again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import slideviewer
from slideviewer.errors import ModelError
from slideviewer.files import replacing
from slideviewer.inference.engines.openvino_runtime import core
from slideviewer.models.package import ModelPackage
from slideviewer.paths import converted_models_folder

if TYPE_CHECKING:
    import keras

_LONGEST_HEAD_BYTES = 4096
_LARGEST_BYTES = 3 << 30
_MOST_KEPT = 16
"""So many models at a time; those used last stay."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Converted:
    """A network as OpenVINO reads it.

    Attributes
    ----------
    xml, weights : bytes
    """

    xml: bytes
    weights: bytes

    def digest(self) -> str:
        """SHA-256 of both, one after the other."""
        both = hashlib.sha256(self.xml)
        both.update(self.weights)
        return both.hexdigest()


def converted(package: ModelPackage, reference: Callable[[ModelPackage], keras.Model]) -> Converted:
    """Read the converted network, or convert it now and keep it.

    Parameters
    ----------
    package : ModelPackage
    reference : callable
        Builds the package's network in Keras; asked only where nothing good is kept.

    Raises
    ------
    ModelError
        If the package is refused, or OpenVINO cannot take its network over.
    """
    path = converted_models_folder() / f"{package.hash}.openvino"
    found = _read(path, package)
    if found is None:
        found = _convert(reference(package))
        _keep(path, package, found)
    return found


def _facts(package: ModelPackage) -> dict[str, object]:
    """What a kept network is for: any other version of anything may build or read it otherwise."""
    return {
        "package": package.hash,
        "slideviewer": slideviewer.__version__,
        "keras": version("keras"),
        "openvino": version("openvino"),
    }


def _read(path: Path, package: ModelPackage) -> Converted | None:
    """Read what is kept; None where there is nothing, or not what it should be."""
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            return None
        with path.open("rb") as file:
            head = json.loads(file.readline(_LONGEST_HEAD_BYTES))
            if not isinstance(head, dict):
                return None
            length, digest = head.pop("xml_bytes", None), head.pop("sha256", None)
            if head != _facts(package) or not (isinstance(length, int) and 0 <= length <= size):
                return None
            found = Converted(file.read(length), file.read())
    except (OSError, ValueError, RecursionError):
        return None
    if found.digest() != digest:
        _log.warning("%s is damaged and is made again", path)
        return None
    with suppress(OSError):
        path.touch()
    return found


def _keep(path: Path, package: ModelPackage, made: Converted) -> None:
    head = {**_facts(package), "xml_bytes": len(made.xml), "sha256": made.digest()}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(json.dumps(head).encode() + b"\n")
            file.write(made.xml)
            file.write(made.weights)
        kept = sorted(path.parent.glob("*.openvino"), key=lambda it: it.stat().st_mtime)
        for old in kept[:-_MOST_KEPT]:
            old.unlink()
    except OSError as error:
        # It only costs the time to convert again.
        _log.warning("%s cannot be kept: %s", path, error)


def _convert(network: keras.Model) -> Converted:
    """Convert through a SavedModel.

    `openvino.convert_model`, and Keras' own export on top of it, takes inner values of a U-Net for
    answers, too; and what Keras' own back end for OpenVINO writes runs many times slower.
    """
    runtime = core()
    import openvino
    from openvino import frontend

    failures = (
        OSError,
        RuntimeError,
        frontend.GeneralFailure,
        frontend.OpConversionFailure,
        frontend.OpValidationFailure,
        frontend.NotImplementedFailure,
    )
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        saved, result = os.path.join(name, "saved"), Path(name, "model.xml")
        try:
            network.export(saved, format="tf_saved_model", verbose=False)
            model = runtime.read_model(saved)
            openvino.save_model(model, str(result), compress_to_fp16=False)
            return Converted(result.read_bytes(), result.with_suffix(".bin").read_bytes())
        except failures as error:
            words = str(error).strip().splitlines()
            raise ModelError(
                f"OpenVINO cannot take this network over: {words[-1] if words else error!r}."
            ) from error
