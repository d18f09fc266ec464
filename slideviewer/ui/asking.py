"""Questions whose answers are verbs, and dialogs about what is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QMessageBox, QWidget

from slideviewer.ui.document import Document


def ask(
    window: QWidget,
    title: str,
    text: str,
    choices: tuple[str, ...],
    about: Document | None = None,
) -> str:
    """Ask a question whose answers are verbs; the last one is also what Esc means.

    Parameters
    ----------
    window : QWidget
    title, text : str
    choices : tuple of str
    about : Document, optional
        What the question is about; where another file is opened in it meanwhile, the answer is
        the last one.
    """
    box = QMessageBox(QMessageBox.Icon.Warning, title, text, parent=window)
    box.setTextFormat(Qt.TextFormat.PlainText)  # names of files and groups stand in it
    roles = QMessageBox.ButtonRole
    buttons = [
        box.addButton(choice, roles.RejectRole if choice == choices[-1] else roles.AcceptRole)
        for choice in choices
    ]
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(buttons[-1])
    with _closed_with(box, about) if about is not None else nullcontext():
        box.exec()
    clicked = box.clickedButton()
    return next((c for c, b in zip(choices, buttons, strict=True) if b is clicked), choices[-1])


def agreed(dialog: QDialog, about: Document) -> bool:
    """Show a dialog about what is open; whether the user agreed to what stands in it.

    What is read in the background may take the document's place meanwhile. Then the dialog is
    closed: what it would change is no longer there.
    """
    with _closed_with(dialog, about):
        return dialog.exec() == QDialog.DialogCode.Accepted


@contextmanager
def _closed_with(dialog: QDialog, document: Document) -> Iterator[None]:
    document.replaced.connect(dialog.reject)
    try:
        yield
    finally:
        document.replaced.disconnect(dialog.reject)
