"""Put a report together: from a slide, its markup with decisions, and a prediction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slideviewer.annotations import AnnotationSet
from slideviewer.annotations.decisions import Decision, Verdict
from slideviewer.errors import SlideError
from slideviewer.evaluation.findings.decided import decided_on, footprint_of
from slideviewer.evaluation.findings.finding_regions import FindingRules, find_regions
from slideviewer.evaluation.findings.findings import Findings
from slideviewer.evaluation.findings.footprint import Footprint
from slideviewer.evaluation.findings.mask_cells import cells_of
from slideviewer.evaluation.findings.opinions import Opinions
from slideviewer.evaluation.report import Report
from slideviewer.evaluation.slide_reports.about import (
    about_model,
    about_run,
    about_slide,
    figures_of,
    package_of,
    provenance_of,
)
from slideviewer.evaluation.slide_reports.belonging import check_prediction
from slideviewer.evaluation.slide_reports.painting import (
    MARKED_COLOUR,
    PREDICTED_COLOUR,
    finding_picture,
    slide_picture,
)
from slideviewer.evaluation.slide_reports.values import (
    Facts,
    ReportedFinding,
    ReportOptions,
    SlideReport,
)
from slideviewer.evaluation.slide_reports.words import both_areas
from slideviewer.geometry import Rect
from slideviewer.inference.nuclei.predict import NucleiPrediction
from slideviewer.inference.prediction import Prediction
from slideviewer.inference.provenance import now
from slideviewer.inference.stored import Stored
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import Pixels, Slide, Spacing

_NUMBERED = 30
"""So many findings have their number in the picture of the slide; of more nobody reads them."""


def slide_report(
    slide: Slide,
    markup: AnnotationSet,
    prediction: Stored | None,
    options: ReportOptions = ReportOptions(),  # noqa: B008 - it never changes
    *,
    annotations: Path | None = None,
    notices: Sequence[str] = (),
    progress: Progress = silent,
) -> SlideReport:
    """Make the report of one slide.

    Parameters
    ----------
    slide : Slide
        Open.
    markup : AnnotationSet
        With the decisions of its review; empty where nothing is marked.
    prediction : Prediction, MaskPrediction, NucleiPrediction or None
    options : ReportOptions
    annotations : Path, optional
        Where the markup lies, to be named.
    notices : sequence of str
        What else the reader should know.
    progress : Progress

    Raises
    ------
    SlideError
        Where the slide's file cannot be read at all; damaged parts cost their pictures alone.
    EvaluationError
        Where the prediction is of another slide.
    """
    if prediction is not None:
        check_prediction(slide, prediction)
    progress(Step(0, 0, f"Comparing {slide.path.name}"))
    made = _Made(slide, markup, prediction, options, annotations)
    opinions, findings = made.compared()
    reported = made.reported(findings)
    measures, notes = made.measures(opinions)
    picture, lost = made.picture(reported)
    return SlideReport(
        name=slide.path.name,
        made=now(),
        slide=about_slide(slide),
        model=() if prediction is None else about_model(provenance_of(prediction)),
        run=() if prediction is None else about_run(prediction, made.threshold),
        areas=made.areas(),
        figures=() if prediction is None else figures_of(package_of(provenance_of(prediction))),
        picture=picture,
        legend=made.legend,
        findings=tuple(made.pictured(reported, progress)),
        has_findings=findings is not None,
        measures=measures,
        predicted_um2=made.predicted_um2,
        marked_um2=made.marked_um2,
        notes=(*notices, *made.notes, *notes, *lost),
    )


@dataclass(frozen=True, eq=False)
class _Shown:
    """A finding that is reported, and what it covers."""

    reported: ReportedFinding
    footprint: Footprint


class _Made:
    """The parts of a report that hang together."""

    def __init__(
        self,
        slide: Slide,
        markup: AnnotationSet,
        prediction: Stored | None,
        options: ReportOptions,
        annotations: Path | None,
    ) -> None:
        self._slide, self._markup, self._options = slide, markup, options
        self._annotations, self._prediction = annotations, prediction
        self._cells = _cells(prediction)
        own = self._cells.threshold if self._cells is not None else 0.5
        self.threshold = own if options.threshold is None else options.threshold
        spacing = slide.spacing
        self._um_px = spacing.um_px if isinstance(spacing, Spacing) else None
        if self._cells is not None and self._cells.spacing_um_px is not None:
            self._um_px = self._cells.spacing_um_px
        self._opinions: Opinions | None = None
        if self._cells is not None:
            self._opinions = Opinions.of_prediction(self._cells, markup, options.groups)

    @property
    def predicted_um2(self) -> float | None:
        """What is predicted."""
        cells, um2 = self._cells, self._cell_um2
        if cells is None or um2 is None:
            return None
        return float(cells.positive_cells(self.threshold).sum()) * um2

    @property
    def marked_um2(self) -> float | None:
        """What is marked, as far as the model's grid reaches."""
        opinions, um2 = self._opinions, self._cell_um2
        return None if opinions is None or um2 is None else float(opinions.marked.sum()) * um2

    @property
    def notes(self) -> list[str]:
        """What there was not."""
        told = []
        if self._prediction is None:
            told.append("Nothing was predicted on this slide, so nothing is compared.")
        elif isinstance(self._prediction, NucleiPrediction):
            told.append("Nuclei are not outlined by hand, so they are not compared with markup.")
        if not len(self._markup):
            told.append("Nothing is marked on this slide.")
        if self._annotations is not None:
            told.append(f"Markup: {self._annotations.name}, {len(self._markup):,} annotations.")
        return told

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """Of the picture of the slide."""
        lines = []
        if self._cells is not None:
            target = self._cells.class_names[self._cells.target]
            lines.append((f"{target}, predicted from {self.threshold:.4g}", PREDICTED_COLOUR))
        if len(self._markup):
            lines.append(("Specialist's markup", MARKED_COLOUR))
        return tuple(lines)

    def areas(self) -> Facts:
        """How much was predicted and marked."""
        facts: list[tuple[str, str]] = []
        if self._cells is not None:
            looked = int((~np.isnan(self._cells.target_probabilities)).sum())
            um2 = self._cell_um2
            facts.append(("Looked at", both_areas(None if um2 is None else looked * um2)))
            facts.append(("Predicted", both_areas(self.predicted_um2)))
            facts.append(("Marked", both_areas(self.marked_um2)))
        return tuple(facts)

    def compared(self) -> tuple[Opinions | None, Findings | None]:
        """Both sides, and where they differ; None where there is nothing to compare."""
        opinions, options = self._opinions, self._options
        if opinions is None or isinstance(self._prediction, NucleiPrediction):
            return None, None
        rules = FindingRules(self.threshold, options.least_um2, margin=options.margin)
        return opinions, find_regions(opinions, rules)

    def reported(self, findings: Findings | None) -> list[_Shown]:
        """What was found, in the order to look at it, then what was decided and is found no more.

        What was accepted became markup, and so is no finding any longer.
        """
        decisions, seen = self._markup.decisions, set[str]()
        shown: list[_Shown] = []
        if findings is not None:
            known = decided_on(findings, decisions, self._options.groups)
            for index in findings.order().tolist():
                it, key = findings[index], known[index]
                if key is not None:
                    seen.add(key)
                decision = None if key is None else decisions[key]
                made = ReportedFinding(
                    len(shown) + 1, it.kind, it.bounds, it.area_um2, it.area_px2, it.score, decision
                )
                shown.append(_Shown(made, Footprint.of(findings, index)))
        for decision in _gone(decisions.values(), seen):
            footprint = footprint_of(decision)
            if footprint is not None:
                shown.append(self._of_decision(len(shown) + 1, decision, footprint))
        return shown

    def measures(self, opinions: Opinions | None) -> tuple[tuple[Report, ...], Sequence[str]]:
        """How well both sides agree; nothing where one of them says nothing at all."""
        if opinions is None or self._cells is None or not opinions.marked.any():
            return (), ()
        # It needs SciPy, for which no window should wait.
        from slideviewer.evaluation.slide_reports.measuring import measures_of

        return measures_of(
            self._cells,
            isinstance(self._prediction, Prediction),
            opinions,
            self._markup,
            self._annotations,
            self._options,
            self.threshold,
        )

    def picture(self, shown: Sequence[_Shown]) -> tuple[Pixels | None, tuple[str, ...]]:
        """The whole slide, or why there is no picture of it."""
        numbered = [(it.reported.number, it.reported.bounds) for it in shown[:_NUMBERED]]
        markup, um_px = self._markup, self._um_px
        try:
            picture = slide_picture(
                self._slide, self._cells, self.threshold, markup, numbered, um_px
            )
        except SlideError as error:
            return None, (f"There is no picture of the slide. {error.problem}",)
        return picture, ()

    def pictured(self, shown: Sequence[_Shown], progress: Progress) -> Iterable[ReportedFinding]:
        """The findings, the first of them with pictures."""
        wanted = min(len(shown), self._options.pictures)
        for done, it in enumerate(shown):
            if done >= wanted:
                yield it.reported
                continue
            progress(Step(done, wanted, f"Drawing the findings of {self._slide.path.name}"))
            yield replace(it.reported, picture=self._picture_of(it))

    def _picture_of(self, shown: _Shown) -> Pixels | None:
        it = shown.reported
        try:
            return finding_picture(
                self._slide, it.kind, shown.footprint.runs, it.bounds, self._markup
            )
        except SlideError:
            return None

    def _of_decision(self, number: int, decision: Decision, footprint: Footprint) -> _Shown:
        left, top = decision.runs[:, :2].min(axis=0).tolist()
        right, bottom = decision.runs[:, 2:].max(axis=0).tolist()
        px2 = footprint.area_px2
        um2 = None if self._um_px is None else px2 * self._um_px**2
        bounds = Rect.from_corners(left, top, right, bottom)
        kind, score = footprint.kind, decision.score
        return _Shown(ReportedFinding(number, kind, bounds, um2, px2, score, decision), footprint)

    @property
    def _cell_um2(self) -> float | None:
        if self._cells is None or self._um_px is None:
            return None
        return (self._cells.grid.cell * self._um_px) ** 2


def _cells(prediction: Stored | None) -> Prediction | None:
    """What was predicted as cells, coarse enough for pictures and comparison."""
    if prediction is None or isinstance(prediction, Prediction):
        return prediction
    return cells_of(prediction.mask if isinstance(prediction, NucleiPrediction) else prediction)


def _gone(decisions: Iterable[Decision], seen: set[str]) -> list[Decision]:
    """Decisions on what is found no more, oldest first; what was put off is found, or gone."""
    left = [it for it in decisions if it.id not in seen and it.verdict != Verdict.DEFERRED]
    return sorted(left, key=lambda it: (it.at, it.id))
