"""Tile models over slides and pictures, for `slideviewer predict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from slideviewer.cli.bar import progress_bar
from slideviewer.cli.predicting import Asked, not_reached
from slideviewer.cli.telling import tell
from slideviewer.cohort.inputs import Inputs
from slideviewer.inference.export import Export, write_outputs
from slideviewer.inference.features import heatmap_features
from slideviewer.inference.picture_tables import PICTURE_FORMATS, write_pictures
from slideviewer.inference.pictures import PICTURES_FILE, predict_pictures
from slideviewer.inference.predict import predict_slide
from slideviewer.inference.scores import write_scores


@dataclass(frozen=True)
class TileRun(Asked):
    """A model of tiles, or several that answer together."""

    score_columns: tuple[str, ...] = ()
    scores: dict[str, Mapping[str, float]] = field(default_factory=dict)

    def check(self, found: Inputs) -> None:
        """See `predicting.Run`."""
        refused = {
            **self.for_slides,
            "--model more than once": len(self.loaders) > 1,
            "--turns": self.options.turns != "none",
            "--stride": self.options.stride_pixels is not None,
        }
        remedy = "Leave it out, or give --spacing to take the pictures for slides."
        self.check_pictures(found, PICTURES_FILE, PICTURE_FORMATS, refused, remedy)

    def predict_slide(self, path: Path, name: str) -> str:
        """See `predicting.Run`."""
        with self.at_slide(path, name) as at:
            prediction = predict_slide(at.slide, **at.how)
            export = Export(prediction, self.threshold, at.markup, at.slide)
            at.tell_of(prediction)
            write_outputs(export, *at.outputs)
        self.scores[name] = heatmap_features(prediction)
        write_scores(self.scores, self.score_columns, self.out)
        looked_at = int((prediction.target_probabilities >= 0).sum())
        left = not_reached(prediction, "cells")
        if not looked_at:
            words = self.no_time if left else "no tissue was found, so nothing was predicted."
            return f"{path}: {words} Results in {at.folder}"
        at.tell_not_reached(left)
        target = prediction.class_names[prediction.target]
        positive = int(prediction.positive_cells(self.threshold).sum())
        return (
            f"{path}: {positive} of {looked_at} tissue tiles are {target} with a probability of "
            f"{self.threshold:g} or more. Results in {at.folder}"
        )

    def predict_pictures(self, paths: Sequence[Path]) -> int:
        """See `predicting.Run`."""
        with progress_bar() as progress:
            results = predict_pictures(paths, self.loader, progress)
            unread = [result for result in results if result.probabilities is None]
            classified = len(results) - len(unread)
            if classified:
                formats = self.formats if self.are_chosen else None
                write_pictures(
                    results, self.loader.package, self.out, self.threshold, formats, progress
                )
        for result in unread:
            tell(result.problem)
        place = f"Results in {self.out / PICTURES_FILE}" if classified else "Nothing was written."
        typer.echo(f"{classified} of {len(results)} pictures classified. {place}")
        return classified
