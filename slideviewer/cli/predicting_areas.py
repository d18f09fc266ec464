"""Models that segment, over slides and pictures, for `slideviewer predict`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.predicting import Asked, not_reached
from slideviewer.cli.telling import tell
from slideviewer.cohort.inputs import Inputs, result_names
from slideviewer.inference.segmentation.export import MaskExport, write_mask_outputs
from slideviewer.inference.segmentation.pictures import (
    PICTURE_FORMATS,
    predict_segmentation_pictures,
)
from slideviewer.inference.segmentation.predict import predict_mask
from slideviewer.inference.segmentation.sheets import AREAS_CSV, AREAS_XLSX


@dataclass(frozen=True)
class AreaRun(Asked):
    """A model that says of each pixel what it belongs to."""

    def check(self, found: Inputs) -> None:
        """See `predicting.Run`."""
        table = AREAS_CSV if "csv" in self.formats else AREAS_XLSX
        self.check_pictures(found, table, PICTURE_FORMATS, self.for_slides)

    def predict_slide(self, path: Path, name: str) -> str:
        """See `predicting.Run`."""
        with self.at_slide(path, name) as at:
            prediction = predict_mask(at.slide, **at.how)
            export = MaskExport(
                prediction, at.slide, self.threshold, at.markup, progress=at.progress
            )
            at.tell_of(prediction)
            write_mask_outputs(export, *at.outputs)
            left, looked_at = not_reached(prediction, "chunks"), export.areas.total
            if looked_at:
                at.tell_not_reached(left)
        if left and not looked_at:
            return f"{path}: {self.no_time} Results in {at.folder}"
        lines = export.areas.lines() if looked_at else ["no tissue was found"]
        return f"{path}: {'; '.join(lines)}. Results in {at.folder}"

    def predict_pictures(self, paths: Sequence[Path]) -> int:
        """See `predicting.Run`."""
        with progress_bar() as progress:
            results = predict_segmentation_pictures(
                paths, progress=progress, names=result_names(paths), **self.of_pictures
            )
        for result in results:
            if result.areas is None:
                tell(result.problem)
        done = sum(result.areas is not None for result in results)
        place = f"Results in {self.out}" if done else "Nothing was written."
        typer.echo(f"{done} of {len(results)} pictures segmented. {place}")
        return done
