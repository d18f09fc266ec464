"""Models that find nuclei, over slides and pictures, for `slideviewer predict`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.predicting import Asked, not_reached
from slideviewer.cli.telling import tell
from slideviewer.cohort.inputs import Inputs, result_names
from slideviewer.inference.nuclei.export import NucleiExport, write_nuclei_outputs
from slideviewer.inference.nuclei.pictures import PICTURE_FORMATS, predict_nuclei_pictures
from slideviewer.inference.nuclei.predict import predict_nuclei
from slideviewer.inference.nuclei.tables import NUCLEI_FILE


@dataclass(frozen=True)
class NucleiRun(Asked):
    """A model that tells nuclei apart."""

    def check(self, found: Inputs) -> None:
        """See `predicting.Run`."""
        self.check_pictures(found, NUCLEI_FILE, PICTURE_FORMATS, self.for_slides)

    def predict_slide(self, path: Path, name: str) -> str:
        """See `predicting.Run`."""
        with self.at_slide(path, name) as at:
            found = predict_nuclei(at.slide, threshold=self.threshold, **at.how)
            at.tell_of(found.mask)
            write_nuclei_outputs(NucleiExport(found, at.markup), *at.outputs)
            left, count = not_reached(found.mask, "chunks"), sum(map(len, found.parts()))
            at.tell_not_reached(left)
        return f"{path}: {count} nuclei. Results in {at.folder}"

    def predict_pictures(self, paths: Sequence[Path]) -> int:
        """See `predicting.Run`."""
        with progress_bar() as progress:
            results = predict_nuclei_pictures(
                paths, progress=progress, names=result_names(paths), **self.of_pictures
            )
        for result in results:
            if result.count is None:
                tell(result.problem)
        counts = [result.count for result in results if result.count is not None]
        place = f"Results in {self.out}" if counts else "Nothing was written."
        typer.echo(f"{sum(counts)} nuclei in {len(counts)} of {len(results)} pictures. {place}")
        return len(counts)
