"""The list of annotations: its panel, and what can be done from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QPoint, QSettings, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from slideviewer.annotations import Annotation, with_extension
from slideviewer.annotations.grouping import regrouped
from slideviewer.annotations.tables import write_csv
from slideviewer.progress import Progress
from slideviewer.ui.annotation_columns import Field
from slideviewer.ui.annotation_intensities import Intensities
from slideviewer.ui.annotation_measuring import Measuring
from slideviewer.ui.annotation_table import AnnotationTable
from slideviewer.ui.annotation_thumbnails import AnnotationThumbnails
from slideviewer.ui.asking import agreed, ask
from slideviewer.ui.editing.assigning import in_tree_order
from slideviewer.ui.editing.multi_edit import MultiEdit, changes_of
from slideviewer.ui.jobs import Job
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.panels.annotations import AnnotationsPanel
from slideviewer.ui.session import Session
from slideviewer.ui.views.grid import ViewGrid
from slideviewer.ui.words import whole

CSV_FILTER = "Table (*.csv)"


class Listing(QObject):
    """Makes the panel, and what it shows: intensities and pictures.

    Parameters
    ----------
    session : Session
    views : ViewGrid
    notices : NoticeStack
    measuring : Measuring
    window : QWidget
        Stands behind the dialogs.
    """

    def __init__(
        self,
        session: Session,
        views: ViewGrid,
        notices: NoticeStack,
        measuring: Measuring,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._session, self._views = session, views
        self._notices, self._window = notices, window
        self._named_actions: Mapping[str, QAction] = {}
        self._export: Job | None = None
        document = session.document
        self.measuring = measuring
        self.intensities = Intensities(document, self)
        self.thumbnails = AnnotationThumbnails(lambda: views.active.tiles.is_loading, self)
        values = self.intensities.values
        self.table = AnnotationTable(document, self.measuring, values, self)
        self.panel = AnnotationsPanel(document, session.selection, self.table, self.thumbnails)
        self.panel.menu_wanted.connect(self._show_menu)
        self.panel.export_wanted.connect(self.export_table)
        self.panel.cancel_wanted.connect(self._cancel)
        for work in (self.measuring, self.intensities):
            work.progressed.connect(self.panel.show_progress)
        self.intensities.changed.connect(self.table.show_intensities_of)
        self.intensities.failed.connect(self._warn)
        session.slide_changed.connect(self._on_slide)
        self._on_slide()

    def attach(self, named_actions: Mapping[str, QAction]) -> None:
        """Take the actions that the panel and its menu name."""
        self._named_actions = named_actions
        self.panel.name_keys(named_actions)

    @property
    def selected(self) -> list[Annotation]:
        """What is selected, in file order."""
        ids = self._session.selection.ids
        return [each for each in self._session.document.annotations if each.id in ids]

    def edit_selected(self) -> None:
        """Ask what is to become of the selected annotations, and do it in one step."""
        chosen = self.selected
        if not chosen:
            self._notices.tell("Select what is to be changed, on the slide or in the list.")
            return
        dialog = MultiEdit(self._session.document.annotations, chosen, self._window)
        if agreed(dialog, self._session.document):
            wanted = [each.id for each in chosen]
            changes, groups = changes_of(self._session.document.annotations, wanted, dialog.wish)
            count = f"{whole(len(chosen))} annotations" if len(chosen) > 1 else "annotation"
            self._session.document.apply(f"Change {count}", changes, groups)
        dialog.deleteLater()

    def measure_intensity(self) -> None:
        """Find out how light the slide is inside what is selected, and show the column."""
        slide, chosen = self._session.slide, self.selected
        if slide is None:
            self._notices.tell("There is no slide to measure: open the one that was marked.")
        elif not chosen:
            self._notices.tell("Select what is to be measured, on the slide or in the list.")
        else:
            self.panel.table.show_column(Field.INTENSITY, True)
            self.intensities.measure(slide, chosen)

    def export_table(self) -> None:
        """Ask for a file, and write a row for each annotation there is."""
        self._ask_and_write(list(self._session.document.annotations))

    def export_selected(self) -> None:
        """Ask for a file, and write the selected rows, as they are sorted."""
        ids, known = self._session.selection.ids, self._session.document.annotations
        self._ask_and_write([known[each] for each in self.table.ids if each in ids])

    def _ask_and_write(self, rows: Sequence[Annotation]) -> None:
        if not rows:
            self._notices.tell("There is nothing to write: no annotation is there, or selected.")
            return
        document, slide = self._session.document, self._session.slide
        beside = document.path or (slide.path if slide is not None else None)
        folder = beside.parent if beside else Path(str(QSettings().value("last_folder", "")))
        proposed = folder / f"{beside.stem if beside else 'annotations'}.csv"
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Export table", str(proposed), CSV_FILTER
        )
        if not name:
            return
        path = with_extension(Path(name), ".csv")
        # The dialog asked about the name as it was typed.
        if path != Path(name) and path.exists() and not self._may_replace(path):
            return
        self._write(rows, path)

    def _may_replace(self, path: Path) -> bool:
        question = f"{path.name} exists already in {path.parent}."
        answer = ask(self._window, "Replace the file?", question, ("Replace", "Stay"))
        return answer == "Replace"

    def _write(self, rows: Sequence[Annotation], path: Path) -> None:
        spacing = self.measuring.spacing
        intensities = dict(self.intensities.values) or None

        def work(progress: Progress) -> str:
            write_csv(rows, path, spacing, intensities=intensities, progress=progress)
            count = "1 annotation" if len(rows) == 1 else f"{whole(len(rows))} annotations"
            return f"{count} written to {path.name}."

        if self._export is not None:
            self._export.cancel()
        # The application owns the job: it is to end even if the window closes.
        job = Job(work, QCoreApplication.instance())
        job.progressed.connect(self.panel.show_progress)
        job.succeeded.connect(self._tell)
        job.failed.connect(self._warn)
        job.ended.connect(self._on_written)
        self._export = job
        job.start()

    @Slot(object)
    def _tell(self, words: str) -> None:
        self._notices.tell(words)

    @Slot(str)
    def _warn(self, words: str) -> None:
        self._notices.warn(words)

    @Slot()
    def _on_written(self) -> None:
        if self.sender() is self._export:
            self._export = None
            self.panel.show_progress(None)

    def _cancel(self) -> None:
        self.intensities.cancel()
        if self._export is not None:
            self._export.cancel()

    def _on_slide(self) -> None:
        source = self._views.main.tiles.source
        self.intensities.forget()
        self.measuring.set_slide(self._session.slide)
        self.thumbnails.set_slide(source.shown if source is not None else None)
        self.panel.set_slide(source is not None)

    def _show_menu(self, at: QPoint) -> None:
        if self._session.selection.ids:
            self.menu().popup(at)

    def menu(self) -> QMenu:
        """What can be done with the selection, deleted when it is hidden."""
        menu, view = QMenu(self.panel), self.panel.table
        menu.aboutToHide.connect(menu.deleteLater)
        self._session.document.replaced.connect(menu.close)
        current = view.currentIndex()
        if current.isValid():
            annotation_id = self.table.id_at(current.row())
            menu.addAction("Go there\tEnter", lambda: self.panel.jump_wanted.emit(annotation_id))
            menu.addAction("Rename\tF2", view.rename_current)
        menu.addAction(self._named_actions["edit_annotations"])
        self._add_groups(menu.addMenu("Put into group"))
        menu.addSeparator()
        menu.addAction(self._named_actions["copy_annotations"])
        menu.addAction(self._named_actions["delete"])
        menu.addSeparator()
        menu.addAction(self._named_actions["measure_intensity"])
        menu.addAction("Export selected rows…", self.export_selected)
        return menu

    def _add_groups(self, menu: QMenu) -> None:
        annotations = self._session.document.annotations
        menu.addAction("In no group", lambda: self._put_into(None))
        menu.addSeparator()
        for name in in_tree_order(annotations.groups):
            indent = "    " * (len(annotations.lineage(name)) - 1)
            text = indent + name.replace("&", "&&")
            menu.addAction(text, partial(self._put_into, name))

    def _put_into(self, group: str | None) -> None:
        document = self._session.document
        changes = regrouped(document.annotations, self._session.selection.ids, group)
        text = f"Put into {group}" if group is not None else "Take out of group"
        document.apply(text, changes)
