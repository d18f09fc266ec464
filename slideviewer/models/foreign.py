"""Models of other makes: recognised by what is in them, and refused in words.

None of them is opened. Of a Keras archive only the JSON that describes its layers is read, to say
what exactly would run.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from slideviewer.errors import ModelError
from slideviewer.models.archive import DAMAGE, chunks_of

_REMEDY = "Use a model package: a folder or zip with config.json and weights as plain arrays."
_HDF5_HEAD = b"\x89HDF\r\n\x1a\n"
_PICKLE_HEADS = tuple(bytes((0x80, protocol)) for protocol in (2, 3, 4, 5))
_SAVED_MODEL = "saved_model.pb"
_KERAS_PARTS = frozenset({"config.json", "metadata.json"})
_LARGEST_DESCRIPTION_BYTES = 8 << 20
_MOST_MEMBERS = 10_000
_LONGEST_QUOTED = 60

_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "hdf5": "Models in HDF5 are refused: they can hold Python code (Lambda layers), and can"
        " read other files of this machine as their weights (external storage).",
        "keras": "Keras archives are refused: their description can name foreign code, and their"
        " HDF5 weights can read other files of this machine (external storage).",
        "pickle": "Pickles are refused: opening one runs whatever code it holds.",
        "pytorch": "PyTorch files are refused: opening one runs a pickle or a program that it"
        " holds, and slideviewer has no PyTorch.",
        "savedmodel": "TensorFlow SavedModels are refused: they hold a program, which would run.",
    }
)
_KINDS_BY_SUFFIX: Mapping[str, str] = MappingProxyType(
    {
        ".h5": "hdf5",
        ".hdf5": "hdf5",
        ".keras": "keras",
        ".pkl": "pickle",
        ".pickle": "pickle",
        ".joblib": "pickle",
        ".pt": "pytorch",
        ".pth": "pytorch",
        ".pb": "savedmodel",
    }
)


def refusal_of(path: Path) -> ModelError | None:
    """Say why a model of another make is refused.

    Parameters
    ----------
    path : Path
        A file, or a folder that is no model package.

    Returns
    -------
    ModelError or None
        None where nothing in it is known as a model.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if path.is_dir():
        refusals = (refusal_of(entry) for entry in sorted(path.iterdir()) if entry.is_file())
        return next((refusal for refusal in refusals if refusal is not None), None)
    kind = _kind_of(path)
    if kind is None:
        return None
    problem = _REASONS[kind]
    if kind == "keras":
        problem = " ".join(part for part in (problem, _what_would_run(path)) if part)
    return ModelError(problem, path=path, remedy=_REMEDY)


def _kind_of(path: Path) -> str | None:
    """Tell by the first bytes, for endings are easily changed; else by the ending."""
    if path.is_file():
        with path.open("rb") as stream:
            head = stream.read(len(_HDF5_HEAD))
        if head == _HDF5_HEAD:
            return "hdf5"
        if path.name == _SAVED_MODEL:
            return "savedmodel"
        if head.startswith(b"PK"):
            names = _names_in(path)
            if names >= _KERAS_PARTS:
                return "keras"
            if any(name.rpartition("/")[2] == "data.pkl" for name in names):
                return "pytorch"
        elif head.startswith(_PICKLE_HEADS) and path.suffix.lower() not in (".pt", ".pth"):
            return "pickle"
    return _KINDS_BY_SUFFIX.get(path.suffix.lower())


def _names_in(path: Path) -> frozenset[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return frozenset(archive.namelist()[:_MOST_MEMBERS])
    except DAMAGE:
        return frozenset()


def _what_would_run(path: Path) -> str:
    """Name the first thing in a Keras archive that is code of others; empty if there is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo("config.json")
            if member.file_size > _LARGEST_DESCRIPTION_BYTES:
                return ""
            description = json.loads(b"".join(chunks_of(archive, member)))
    except (*DAMAGE, ModelError, KeyError, RecursionError):
        return ""
    for part in _objects_in(description):
        name = str(part.get("registered_name") or part.get("class_name"))[:_LONGEST_QUOTED]
        if part.get("class_name") in ("Lambda", "__lambda__"):
            inner = part.get("config")
            title = inner.get("name", "") if isinstance(inner, dict) else ""
            return f'This one holds the Lambda layer "{str(title)[:_LONGEST_QUOTED]}".'
        if "class_name" not in part or str(part["class_name"]).startswith("__"):
            continue  # plain values, and what Keras writes for tuples and the like
        if not str(part.get("module") or "").startswith(("keras", "builtins")):
            return f'This one needs "{name}", an object of somebody\'s own code.'
        if part.get("class_name") == "function":
            return f'This one calls "{str(part.get("config"))[:_LONGEST_QUOTED]}", a function.'
    return ""


def _objects_in(description: object) -> Iterator[Mapping[str, object]]:
    """Every JSON object of a description, outer ones first."""
    waiting = [description]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
