"""What the empty canvas says."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class Welcome(QFrame):
    """Says how to open a slide, while there is none; sits in the middle of the canvas."""

    def __init__(
        self, over: QWidget, open_slide: Callable[[], None], open_demo: Callable[[], None]
    ) -> None:
        super().__init__(over)
        self._over = over
        self.setAutoFillBackground(True)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        words = QLabel("<b>Drop a slide here</b>")
        more = QLabel("or open one with Ctrl+O. The demo slide is drawn by the program.")
        slide_button = QPushButton("Open slide…")
        slide_button.clicked.connect(open_slide)
        demo_button = QPushButton("Open the demo slide")
        demo_button.clicked.connect(open_demo)
        buttons = QHBoxLayout()
        buttons.addWidget(slide_button)
        buttons.addWidget(demo_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 24, 32, 24)
        column.setSpacing(12)
        for widget in (words, more):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addLayout(buttons)
        over.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            over = self._over
            self.adjustSize()
            self.move((over.width() - self.width()) // 2, (over.height() - self.height()) // 2)
        return False
