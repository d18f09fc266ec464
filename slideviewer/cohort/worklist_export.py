"""Everything of a worklist's slides in one folder: markup, reports, and a table of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from slideviewer.annotations import AnnotationSet, format_in, read_annotations, write_asap
from slideviewer.annotations.csv_file import plain, write_rows
from slideviewer.annotations.decisions import Verdict, read_decisions
from slideviewer.cohort.exported_files import ExportedFiles
from slideviewer.cohort.folder_listing import companions_of
from slideviewer.cohort.queue import Outcome, run_in_turn
from slideviewer.cohort.slide_reports import (
    Marked,
    Predictions,
    markup_in,
    page_names,
    report_of,
    write_index_of,
    write_report,
)
from slideviewer.cohort.worklist import Entry, ReadingState, Worklist, WorklistError
from slideviewer.evaluation.slide_reports.index import IndexLine
from slideviewer.evaluation.slide_reports.values import ReportOptions
from slideviewer.progress import Progress, Step, silent
from slideviewer.slide import open_slide

TABLE_FILE = "worklist.csv"

UNREAD = "No report: the prediction is hidden until the slide is marked as read."
"""Why nothing is told of what was predicted."""

COLUMNS = (
    *("slide", "state", "since", "by", "in_review", "done", "annotations", "decided"),
    *(*map(str, Verdict), "xml", "report", "problem"),
)
"""Of the table; ``in_review`` and ``done`` say when a slide was so for the first and last time."""


@dataclass(frozen=True)
class ExportOptions:
    """What is exported.

    Attributes
    ----------
    states : collection of ReadingState
        Slides in other states are left out.
    reports, pdf : bool
        Whether each slide gets a report, and that as PDF, too.
    report : ReportOptions
    overwrite : bool
        Whether XML is written over, too, that no export left there as it is.
    """

    states: frozenset[ReadingState] = frozenset({ReadingState.DONE})
    reports: bool = False
    pdf: bool = False
    report: ReportOptions = field(default_factory=ReportOptions)
    overwrite: bool = False


@dataclass(frozen=True)
class Exported:
    """What was written of a slide.

    Attributes
    ----------
    marked : Marked
    xml : str
        Name of the file; empty where nothing is marked.
    line : IndexLine or None
        Of its report.
    problem : str
        Why there is no report of it.
    is_withheld : bool
        Whether nothing may be told of what was predicted.
    """

    marked: Marked = field(default_factory=lambda: Marked(AnnotationSet()))
    xml: str = ""
    line: IndexLine | None = None
    problem: str = ""
    is_withheld: bool = False


@dataclass(frozen=True)
class Withheld:
    """Slides of whose predictions nothing may be told: they are read without them first.

    Attributes
    ----------
    slides : frozenset of Path
    reader : str
        A slide is told of after all where it is noted beside its markup that this one has read it.
    """

    slides: frozenset[Path] = frozenset()
    reader: str = ""

    def has(self, slide: Path, markup: AnnotationSet) -> bool:
        """Whether a slide is one of them."""
        own = (it for it in markup.readings.values() if it.reader == self.reader)
        return slide in self.slides and not any(it.is_over for it in own)


Outcomes = tuple[Outcome[Entry, Exported], ...]


def export_worklist(
    worklist: Worklist,
    folder: Path,
    options: ExportOptions = ExportOptions(),
    predictions: Predictions | None = None,
    unsaved: Mapping[Path, Marked] | None = None,
    withheld: Withheld = Withheld(),
    progress: Progress = silent,
    on_outcome: Callable[[Outcome[Entry, Exported]], None] | None = None,
) -> Outcomes:
    """Write the markup of a list's slides as ASAP XML, reports if wanted, and `TABLE_FILE`.

    What fails on one slide stops no other, and stands in the table.

    Parameters
    ----------
    worklist : Worklist
    folder : Path
        Made where it does not exist; must not be where the markup itself lies. XML that lies there
        and is not as an export left it is another's work: its slide fails.
    options : ExportOptions
    predictions : Predictions, optional
        For the reports; what the window keeps by default.
    unsaved : mapping of Path to Marked, optional
        The markup of slides as it is now, in place of what was saved.
    withheld : Withheld
        Of these there are no reports, and what was decided is not told.
    progress : Progress
    on_outcome : callable, optional
        Told each outcome as it comes.

    Raises
    ------
    SlideviewerError
        Where no slide is in the wanted states, or the folder cannot be written.
    """
    entries = [it for it in worklist.entries() if it.state in options.states]
    if not entries:
        raise WorklistError(
            f"No slide of the list is {' or '.join(sorted(options.states))}.",
            path=worklist.path,
            remedy="Export all of them, or mark some first.",
        )
    names = page_names([it.path for it in entries])
    numbers = {it.path: number for number, it in enumerate(entries)}
    stores = predictions or Predictions()

    def work(entry: Entry) -> Exported:
        progress(Step(numbers[entry.path], len(entries), f"Exporting {entry.path.name}", "slides"))
        own = (unsaved or {}).get(entry.path)
        marked = _marked(entry.path) if own is None else own
        xml = _write_xml(entry.path, marked, folder / f"{names[entry.path]}.xml", own_files)
        is_withheld = withheld.has(entry.path, marked.annotations)
        if not options.reports:
            return Exported(marked, xml, is_withheld=is_withheld)
        if is_withheld:
            line = IndexLine(entry.path.name, problem=UNREAD)
            return Exported(marked, xml, line, UNREAD, is_withheld)
        made = report_of(entry.path, stores, lambda _: marked, options.report)
        line = write_report(made, folder, names[entry.path], pdf=options.pdf)
        return Exported(marked, xml, line)

    _make(folder)
    own_files = ExportedFiles(folder, overwrite=options.overwrite)
    outcomes = run_in_turn(entries, work, on_outcome)
    write_rows(COLUMNS, _rows(worklist, outcomes), folder / TABLE_FILE)
    if options.reports:
        lines = [
            Outcome(it.item.path, None if it.result is None else it.result.line, it.error)
            for it in outcomes
        ]
        write_index_of(lines, folder, worklist.path.parent.name, pdf=options.pdf)
    return outcomes


def _marked(slide: Path) -> Marked:
    """The markup beside a slide; only where its places need it the slide itself is read."""
    path = companions_of(slide).annotations
    if path is None:
        return Marked(AnnotationSet())
    if format_in(path).needs_slide:
        with closing(open_slide(slide)) as opened:
            return markup_in(path, opened)
    loaded, decisions = read_annotations(path), read_decisions(path)
    notices = (*loaded.notices, *filter(None, (decisions.notice,)))
    return Marked(decisions.added_to(loaded.annotations), path, notices)


def _write_xml(slide: Path, marked: Marked, path: Path, own_files: ExportedFiles) -> str:
    """Write what is marked; returns the file's name, or nothing where nothing is."""
    if not len(marked.annotations):
        return ""
    own = (marked.path, companions_of(slide).annotations)
    if any(it is not None and _is_same(it, path) for it in own):
        raise WorklistError(
            "is the markup itself, and would be written over.",
            path=path,
            remedy="Export into another folder than that of the slides.",
        )
    own_files.check(path)
    write_asap(marked.annotations, path)
    own_files.note(path)
    return path.name


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorklistError(
            f"This folder cannot be made: {error.strerror or error}.",
            path=folder,
            remedy="Choose one that may be written to.",
        ) from error


def _rows(worklist: Worklist, outcomes: Outcomes) -> list[Sequence[str]]:
    begun: dict[Path, str] = {}
    done: dict[Path, str] = {}
    for it in worklist.log():
        if it.state == ReadingState.IN_REVIEW:
            begun.setdefault(it.path, it.at)
        elif it.state == ReadingState.DONE:
            done[it.path] = it.at
    return [
        _row(it, begun.get(it.item.path, ""), done.get(it.item.path, ""), worklist.path.parent)
        for it in outcomes
    ]


def _row(outcome: Outcome[Entry, Exported], begun: str, done: str, folder: Path) -> list[str]:
    entry, result = outcome.item, outcome.result
    place = entry.path
    name = place.relative_to(folder).as_posix() if place.is_relative_to(folder) else str(place)
    row = [plain(name), str(entry.state), entry.at, plain(entry.by), begun, done]
    if result is None:
        return [*row, *[""] * (len(COLUMNS) - len(row) - 1), plain(str(outcome.error))]
    verdicts = Counter(it.verdict for it in result.marked.annotations.decisions.values())
    decided = sum(verdicts.values()) - verdicts[Verdict.DEFERRED]
    counts = [str(it) for it in (decided, *(verdicts[it] for it in Verdict))]
    if result.is_withheld:
        counts = [""] * len(counts)
    page = result.line.page if result.line is not None else ""
    row += [str(len(result.marked.annotations)), *counts]
    return [*row, plain(result.xml), plain(page), plain(result.problem)]
