"""Pictures, one after another, each with a folder of results of its own.

What a picture's `RUN_FILE` says comes last: a picture that has one is done, and a run that was
killed goes on with the next.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from slideviewer.annotations.saving import backup_of, keep_former
from slideviewer.errors import PredictionError, SlideError
from slideviewer.files import replacing, replacing_text
from slideviewer.inference.areas import READING
from slideviewer.inference.files import told_to_user
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.pictures import RUN_FILE, inputs_of
from slideviewer.inference.provenance import content_identity, model_facts, now, product_facts
from slideviewer.inference.rate import RecentRate
from slideviewer.inference.segmentation.open_picture import OpenPicture, PictureOptions
from slideviewer.inference.segmentation.predicted_picture import predicted_picture
from slideviewer.progress import Progress, Step

OF_A_PICTURE = ("mask_*.png", "uncertainty.png", "overlay.png", "labels.png", "nuclei.csv")
OF_ALL_PICTURES = ("areas.csv", "areas.xlsx", "nuclei.csv", "images.csv")
"""What runs of any kind leave in the folder of a picture, and of all: what is another run's must
not lie beside this one's `RUN_FILE`."""

_Result = TypeVar("_Result")


class PictureRun:
    """A run over pictures.

    Parameters
    ----------
    paths : sequence of Path
    loader : ModelLoader
    out : Path
        Folder of all results.
    progress : Progress
    names : mapping of Path to str or None
        What each picture's folder is called; its stem by default.
    options : PictureOptions

    Raises
    ------
    PredictionError
        If two pictures would share a folder.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        loader: ModelLoader,
        out: Path,
        progress: Progress,
        names: Mapping[Path, str] | None,
        options: PictureOptions,
    ) -> None:
        self.paths, self.out, self.options = paths, out, options
        self.package = loader.package
        self.names = dict(names) if names is not None else {path: path.stem for path in paths}
        taken: dict[str, Path] = {}
        for path in dict.fromkeys(paths):
            other = taken.setdefault(self.names[path].casefold(), path)
            if other != path:
                raise PredictionError(
                    f'Two pictures are called "{self.names[path]}", so their results would be '
                    "mixed up.",
                    path=path,
                    remedy="Predict them one by one, each into another folder.",
                )
        self._loader, self._progress = loader, progress
        self._rate = RecentRate()
        self._done = 0

    def each(
        self,
        files: Sequence[str],
        former: Callable[[Path, Mapping[str, Any]], _Result],
        predict: Callable[[OpenPicture], tuple[_Result, Mapping[str, object]]],
    ) -> Iterator[tuple[Path, _Result | None, str]]:
        """Predict each picture that is not done, and tell of all.

        Parameters
        ----------
        files : sequence of str
            What a picture that is done has in its folder.
        former : callable
            Makes its result again of a folder and what its `RUN_FILE` says; raising KeyError,
            ValueError, TypeError or OSError where they are not as they were written.
        predict : callable
            Writes a picture's files; gives its result, and facts for its `RUN_FILE`.

        Yields
        ------
        path, result or None, problem
            None where the picture cannot be read, and why.
        """
        for number, path in enumerate(self.paths):
            self._done = number
            self._tell()
            try:
                yield path, self._one(path, files, former, predict), ""
            except SlideError as error:
                yield path, None, str(error)
        self._done = len(self.paths)
        self._tell()

    def write_summary(
        self, writers: Mapping[str, Callable[[Path], None]], skipped: Mapping[Path, str]
    ) -> list[Path]:
        """Write the tables of all pictures, and the `RUN_FILE` of the run.

        Former ones with another content are kept as ``<name>.bak``.

        Raises
        ------
        PredictionError
            If the folder cannot be written.
        """
        content = {
            **product_facts(),
            "model": model_facts(self.package),
            "finished": now(),
            "inputs": inputs_of(self.paths),
            "pictures": len(self.paths) - len(skipped),
            "skipped": [{"file": path.name, "reason": reason} for path, reason in skipped.items()],
            "files": list(writers),
        }
        with told_to_user(self.out):
            self.out.mkdir(parents=True, exist_ok=True)
            is_kept = [_set_aside(self.out, OF_ALL_PICTURES, [*writers])]
            is_kept += [keep_former(self.out / name, write) for name, write in writers.items()]
            former = _facts_in(self.out / RUN_FILE)
            is_other = any(former.get(key) != content[key] for key in ("model", "inputs"))
            if is_other or any(is_kept):
                keep_former(self.out / RUN_FILE, lambda path: write_json(path, content))
            else:
                write_json(self.out / RUN_FILE, content)
        return [*(self.out / name for name in writers), self.out / RUN_FILE]

    def _one(
        self,
        path: Path,
        files: Sequence[str],
        former: Callable[[Path, Mapping[str, Any]], _Result],
        predict: Callable[[OpenPicture], tuple[_Result, Mapping[str, object]]],
    ) -> _Result:
        folder = self.out / self.names[path]
        wanted: dict[str, object] = {
            "model": model_facts(self.package),
            "content": content_identity(path),
            "reading": READING,
            "asked_spacing_um_px": self.options.spacing,
            "threshold": self.options.threshold_for(self.package),
            "overlap": self.options.overlap,
            "turns": self.options.turns,
            "others": [model_facts(other.package) for other in self.options.others],
        }
        facts = _facts_in(folder / RUN_FILE)
        is_same = all(facts.get(key) == value for key, value in wanted.items())
        if is_same and all((folder / name).is_file() for name in files):
            try:
                return former(folder, facts)
            except (KeyError, ValueError, TypeError, OSError):
                pass  # not as they were written: once more
        with told_to_user(folder):
            with predicted_picture(
                path, folder, self._loader, self.options, lambda _: self._tell()
            ) as picture:
                # Not before: of a picture that cannot be read nothing is left, or replaced.
                folder.mkdir(parents=True, exist_ok=True)
                _set_aside(folder, (RUN_FILE, *OF_A_PICTURE), files)
                result, own = predict(picture)
                provenance = picture.prediction.provenance
            content = {
                **product_facts(),
                **provenance,
                "spacing_source": picture.spacing_source,
                **wanted,
                "files": list(files),
                **own,
            }
            write_json(folder / RUN_FILE, content)
        return result

    def _tell(self) -> None:
        rate = self._rate.at(self._done)
        step = Step(self._done, len(self.paths), "Predicting pictures", "pictures", rate)
        self._progress(step)


def _set_aside(folder: Path, patterns: Sequence[str], written: Sequence[str]) -> bool:
    """Keep as ``<name>.bak`` what will not be written anew; say whether there was any."""
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    stale = [path for path in found if path.name not in written]
    for path in stale:
        path.replace(backup_of(path))
    return bool(stale)


def keep_bytes(path: Path, content: bytes) -> None:
    """Write a file; a former one with another content is kept as ``<name>.bak``."""

    def write(target: Path) -> None:
        with replacing(target) as file:
            file.write(content)

    keep_former(path, write)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Write facts, whole or not at all."""
    with replacing_text(path) as file:
        json.dump(content, file, indent=1, ensure_ascii=False)
        file.write("\n")


def _facts_in(path: Path) -> Mapping[str, Any]:
    try:
        facts = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}
