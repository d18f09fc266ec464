"""How a page of the guide looks once its Markdown is read: margins, headings, keys, tables."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import (
    QColor,
    QPalette,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFrameFormat,
    QTextTable,
    QTextTableFormat,
)

from slideviewer.ui.help.search import anchor_of

MARGIN = 24
LIST_GAP = 10
"""Screen pixels below a list or a picture."""

PICTURE = "\N{OBJECT REPLACEMENT CHARACTER}"
"""What stands for a picture in a document's text."""

LINE_HEIGHT = 130
"""Per cent."""

LINE_STRENGTH = 0.25
"""How far the colour of a table's lines is from the page's to the text's."""


def dress(document: QTextDocument, palette: QPalette, family: str) -> None:
    """Give headings their anchors, paragraphs and tables room to breathe, keys a plate.

    Parameters
    ----------
    document : QTextDocument
        As it came from Markdown.
    palette : QPalette
        Its colours are for plates and lines.
    family : str
        The font of the text, for keys as well.
    """
    document.setDocumentMargin(MARGIN)
    cursor = QTextCursor(document)
    cursor.beginEditBlock()  # or the page would be laid out anew after every change
    block = document.begin()
    while block.isValid():
        cursor.setPosition(block.position())
        level = block.blockFormat().headingLevel()
        shape = QTextBlockFormat()
        height = QTextBlockFormat.LineHeightTypes.ProportionalHeight.value
        if block.text() == PICTURE:  # whose line would be higher by as many per cent
            shape.setBottomMargin(LIST_GAP)
        else:
            shape.setLineHeight(LINE_HEIGHT, height)
        if level:
            shape.setTopMargin(20 if level > 1 else 0)
            shape.setBottomMargin(8)
            cursor.movePosition(
                QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor
            )
            named = QTextCharFormat()
            named.setAnchor(True)
            named.setAnchorNames([anchor_of(block.text())])
            cursor.mergeCharFormat(named)
        elif block.textList() is not None and block.next().textList() is None:
            shape.setBottomMargin(LIST_GAP)
        cursor.mergeBlockFormat(shape)
        block = block.next()
    plate = QTextCharFormat()
    plate.setFontFamilies([family])  # a typewriter's letters widen their line
    plate.setFontFixedPitch(False)
    plate.setBackground(palette.color(QPalette.ColorRole.Button))
    for start, end in pieces(document, lambda shape: shape.fontFixedPitch()):
        cursor.setPosition(start)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(plate)
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            shape_of_table = QTextTableFormat(frame.format().toTableFormat())
            shape_of_table.setBorderCollapse(True)
            shape_of_table.setBorder(1)  # a thinner line is not painted at all
            shape_of_table.setBorderBrush(_line_colour(palette))
            shape_of_table.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
            shape_of_table.setCellPadding(5)
            shape_of_table.setBottomMargin(12)
            frame.setFormat(shape_of_table)
    cursor.endEditBlock()


def _line_colour(palette: QPalette) -> QColor:
    """Weaker than the text in either theme: `Mid` is as light in the dark one as in the other."""
    text, base = (palette.color(role) for role in (palette.ColorRole.Text, palette.ColorRole.Base))
    red, green, blue = (
        round(LINE_STRENGTH * one + (1 - LINE_STRENGTH) * other)
        for one, other in (
            (text.red(), base.red()),
            (text.green(), base.green()),
            (text.blue(), base.blue()),
        )
    )
    return QColor(red, green, blue)


def pieces(
    document: QTextDocument, is_meant: Callable[[QTextCharFormat], bool]
) -> list[tuple[int, int]]:
    """Where pieces of some kind begin and end."""
    found = []
    block = document.begin()
    while block.isValid():
        parts = block.begin()
        while not parts.atEnd():
            piece = parts.fragment()
            if is_meant(piece.charFormat()):
                found.append((piece.position(), piece.position() + piece.length()))
            parts += 1
        block = block.next()
    return found
