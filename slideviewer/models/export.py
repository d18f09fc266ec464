"""A model package as one file to hand on."""

from __future__ import annotations

import zipfile
from pathlib import Path

from slideviewer.errors import ModelError
from slideviewer.files import replacing
from slideviewer.models.package import ModelPackage
from slideviewer.models.spec import CONFIG
from slideviewer.models.wsinfer import wsinfer_json

_DATE = (1980, 1, 1, 0, 0, 0)


def export_package(package: ModelPackage, path: Path, *, overwrite: bool = False) -> None:
    """Write a package as a zip that `add_package` takes, the same bytes for the same package.

    Raises
    ------
    ModelError
        If one of its files is damaged, or the archive cannot be written or is there already.
    """
    _refuse_existing(path, overwrite)
    try:
        with replacing(path) as stream, zipfile.ZipFile(stream, "w") as archive:
            for name in (CONFIG, *sorted(package.spec.files)):
                info = zipfile.ZipInfo(f"{package.spec.name}/{name}", _DATE)
                info.create_system = 3  # else it tells on which system it was written
                info.external_attr = 0o100644 << 16
                # Arrays are packed already.
                info.compress_type = (
                    zipfile.ZIP_STORED if name.endswith(".npz") else zipfile.ZIP_DEFLATED
                )
                archive.writestr(info, package.read(name))
    except OSError as error:
        raise _unwritable(path, error) from error


def export_wsinfer(package: ModelPackage, path: Path, *, overwrite: bool = False) -> None:
    """Write what a package says of itself as a configuration of the WSInfer model zoo.

    Raises
    ------
    ModelError
        If it is no tile classifier, or the file cannot be written or is there already.
    """
    data = wsinfer_json(package.spec)
    _refuse_existing(path, overwrite)
    try:
        with replacing(path) as stream:
            stream.write(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def _refuse_existing(path: Path, overwrite: bool) -> None:
    if path.exists() and not overwrite:
        raise ModelError(
            "There is a file of this name already.",
            path=path,
            remedy="Choose another, or add --overwrite.",
        )


def _unwritable(path: Path, error: OSError) -> ModelError:
    return ModelError(f"It cannot be written: {error.strerror or error}.", path=path)
