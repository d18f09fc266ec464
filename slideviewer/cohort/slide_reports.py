"""Reports of many slides: a page each, and a table of all; one that fails stops no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from slideviewer.annotations import AnnotationSet, read_annotations
from slideviewer.annotations.decisions import read_decisions
from slideviewer.annotations.json_file import sound
from slideviewer.cohort.folder_listing import companions_of
from slideviewer.cohort.inputs import result_names
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.errors import EvaluationError, SlideError
from slideviewer.evaluation.inputs.run_facts import stores_in
from slideviewer.evaluation.slide_reports.belonging import check_markup
from slideviewer.evaluation.slide_reports.index import IndexLine, write_index
from slideviewer.evaluation.slide_reports.making import slide_report
from slideviewer.evaluation.slide_reports.values import ReportOptions, SlideReport
from slideviewer.inference.kept import latest_kept
from slideviewer.inference.provenance import content_identity
from slideviewer.inference.stored import read_stored
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import Slide, open_slide
from slideviewer.slide.frame import frame_of

INDEX = "index"
"""What the table of all is called."""


@dataclass(frozen=True, eq=False)
class Marked:
    """A slide's markup, with the decisions of its review.

    Attributes
    ----------
    annotations : AnnotationSet
    path : Path or None
        Where it was read; None where there is none.
    notices : tuple of str
    """

    annotations: AnnotationSet
    path: Path | None = None
    notices: tuple[str, ...] = ()


MarkupOf = Callable[[Slide], Marked]


def markup_in(path: Path, slide: Slide) -> Marked:
    """Read an annotation file of a slide, and what was decided on it.

    Raises
    ------
    AnnotationError
        Where it cannot be read.
    """
    loaded = read_annotations(path, frame_of(slide))
    decisions = read_decisions(path)
    notices = (*loaded.notices, *filter(None, (decisions.notice,)))
    return Marked(decisions.added_to(loaded.annotations), path, notices)


def markup_beside(slide: Slide) -> Marked:
    """The markup that lies beside a slide, as the window opens it; empty where there is none.

    Raises
    ------
    AnnotationError
        Where there is one that cannot be read.
    """
    path = companions_of(slide.path).annotations
    return Marked(AnnotationSet()) if path is None else markup_in(path, slide)


class Predictions:
    """Finds the stored prediction of each slide.

    Parameters
    ----------
    folder : Path or None
        What `slideviewer predict` wrote, or one store; those that the window keeps by default.
    model_hash : str
        Of the model, where those of one model alone are wanted; empty for any.

    Raises
    ------
    EvaluationError
        Where the folder holds no prediction.
    """

    def __init__(self, folder: Path | None = None, model_hash: str = "") -> None:
        self._model_hash = model_hash
        self._stores: Mapping[str, Path] | None = None
        if folder is not None:
            found = stores_in(folder) if folder.is_dir() else {}
            if not found:
                raise EvaluationError(
                    "holds no prediction.",
                    path=folder,
                    remedy="Name the folder that slideviewer predict wrote to.",
                )
            self._stores = {name.casefold(): store for name, store in found.items()}
            self._is_one = len(found) == 1

    def of(self, slide: Path, *, is_alone: bool = False) -> Path | None:
        """The store of a slide; None where it was not predicted.

        Parameters
        ----------
        slide : Path
        is_alone : bool
            Whether no other slide is asked for: then the one store of a folder is meant for it,
            whatever it is called.

        Raises
        ------
        SlideError
            Where the slide cannot be read.
        """
        if self._stores is None:
            return latest_kept(content_identity(slide), self._model_hash)
        if is_alone and self._is_one:
            return next(iter(self._stores.values()))
        names = (slide.name.casefold(), slide.stem.casefold())
        return next((self._stores[it] for it in names if it in self._stores), None)


def report_of(
    path: Path,
    predictions: Predictions,
    markup_of: MarkupOf = markup_beside,
    options: ReportOptions = ReportOptions(),  # noqa: B008 - it never changes
    *,
    is_alone: bool = False,
    progress: Progress = silent,
) -> SlideReport:
    """Make the report of a slide from what lies on the disk.

    Raises
    ------
    SlideviewerError
        Where the slide, its markup or its prediction cannot be read, or they are of another slide.
    """
    with closing(open_slide(path)) as slide:
        marked = markup_of(slide)
        if marked.path is not None:
            check_markup(slide, marked.annotations, marked.path)
        store = predictions.of(slide.path, is_alone=is_alone)
        prediction = None if store is None else read_stored(store)
        return slide_report(
            slide,
            marked.annotations,
            prediction,
            options,
            annotations=marked.path,
            notices=marked.notices,
            progress=progress,
        )


def page_names(slides: Sequence[Path]) -> dict[Path, str]:
    """What the files of each slide's report are called, without an ending.

    Slides of one name in several folders have those of their folders in front. A name is text,
    whatever the file's is: pages link to each other.

    Raises
    ------
    SlideError
        If two slides would have one name even so.
    """
    counts = Counter(it.name.casefold() for it in slides)
    alike = [it for it in slides if counts[it.name.casefold()] > 1]
    names = result_names([it for it in slides if it not in set(alike)])
    names |= {it: _with_folders(it, alike) for it in alike}
    names = {it: name if name == sound(name) else _as_text(name) for it, name in names.items()}
    names = {
        it: f"{name} report" if name.casefold() == INDEX else name for it, name in names.items()
    }
    seen: dict[str, Path] = {}
    for it, name in names.items():
        if seen.setdefault(name.casefold(), it) != it:
            raise SlideError(
                f'Two slides are called "{name}", so their reports would be mixed up.',
                path=it,
                remedy="Give one of them another name, or report them apart.",
            )
    return names


def _with_folders(slide: Path, others: Sequence[Path]) -> str:
    """A slide's name behind as many of its folders as tell it from others of the name."""
    parts = slide.absolute().parts
    rest = [it.absolute().parts for it in others if it != slide]
    depth = next(
        (it for it in range(2, len(parts)) if all(parts[-it:] != other[-it:] for other in rest)),
        len(parts) - 1,
    )
    return " ".join((*parts[-depth:-1], slide.stem))


def _as_text(name: str) -> str:
    return sound(name).replace("?", "_")


def write_report(report: SlideReport, folder: Path, name: str, *, pdf: bool) -> IndexLine:
    """Write a report's page, and its PDF where one is wanted; returns its line of the table.

    Raises
    ------
    EvaluationError
        Where it cannot be written.
    """
    page = folder / f"{name}.html"
    from slideviewer.evaluation.slide_reports.page import slide_page, write_text

    write_text(slide_page(report), page)
    if not pdf:
        return IndexLine.of(report, page.name)
    # Late: plots take a second to import.
    from slideviewer.evaluation.slide_reports.pdf import write_pdf

    paper = folder / f"{name}.pdf"
    write_pdf(report, paper)
    return IndexLine.of(report, page.name, paper.name)


def write_reports(
    slides: Sequence[Path],
    names: Mapping[Path, str],
    folder: Path,
    make: Callable[[Path], SlideReport],
    *,
    pdf: bool,
    progress: Progress = silent,
    on_outcome: Callable[[Outcome[Path, IndexLine]], None] | None = None,
) -> tuple[Outcome[Path, IndexLine], ...]:
    """Write a report of each slide.

    Parameters
    ----------
    slides : sequence of Path
    names : mapping of Path to str
        What the files of each slide are called, without an ending.
    folder : Path
    make : callable
        Makes the report of a slide.
    pdf : bool
        Whether there is a PDF beside each page.
    progress : Progress
    on_outcome : callable, optional
        Told each outcome as it comes.
    """
    numbers = {path: number for number, path in enumerate(slides)}

    def work(path: Path) -> IndexLine:
        progress(Step(numbers[path], len(slides), f"Report of {path.name}", "slides"))
        return write_report(make(path), folder, names[path], pdf=pdf)

    return run_in_turn(slides, work, on_outcome)


def write_index_of(
    outcomes: Sequence[Outcome[Path, IndexLine]], folder: Path, title: str, *, pdf: bool
) -> None:
    """Write the table of all reports: ``index.html`` and ``index.csv``, and a PDF if wanted.

    Raises
    ------
    SlideviewerError
        Where one cannot be written.
    """
    lines = [
        it.result if it.result is not None else IndexLine(it.item.name, problem=str(it.error))
        for it in outcomes
    ]
    write_index(lines, folder, INDEX, title, pdf=pdf)
