"""The page of the preferences on which every action's keys are seen and changed."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from slideviewer.ui import keys, settings
from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.action_table import MENUS

NAME_ROLE = Qt.ItemDataRole.UserRole
HINT = "Choose an action, click into one of its keys and press the new one."


class KeysPage(QWidget):
    """A table of all actions, and the keys of the chosen one to be changed at once."""

    changed = Signal()  # some action has other keys

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.keymap = QComboBox()
        for value, words in settings.KEYMAP.choices:
            self.keymap.addItem(words, value)
        self.filter = QLineEdit(placeholderText="Filter by words or key")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter actions")
        self.table = QTreeWidget()
        self.table.setHeaderLabels(["Action", "Menu", "Keys"])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setAlternatingRowColors(True)
        self.table.setAccessibleName("Actions and their keys")
        header = self.table.header()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setStretchLastSection(False)
        self.title, self.message = QLabel(HINT), QLabel()
        for label in (self.title, self.message):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.editors = [QKeySequenceEdit() for _ in range(keys.MOST_KEYS)]
        self.removers: list[QToolButton] = []
        for number, editor in enumerate(self.editors, 1):
            editor.setMaximumSequenceLength(1)
            editor.setAccessibleName(f"Key {number}: press the new one")
            # Not keySequenceChanged: that tells of an empty one first, whichever key is pressed.
            editor.editingFinished.connect(self._on_pressed)
            button = QToolButton()
            button.setText("✕")
            button.setAutoRaise(True)
            button.setToolTip("Take this key away")
            button.setAccessibleName(f"Take key {number} away")
            button.clicked.connect(partial(self._take_away, number - 1))
            self.removers.append(button)
        self.reset_one = QPushButton("As it was")
        self.reset_one.setToolTip("Give this action the keys of the map again")
        self.reset_all = QPushButton("All as in the map")
        self.reset_all.setToolTip("Forget every change of yours to this map")
        for reset in (self.reset_one, self.reset_all):
            reset.setAutoDefault(False)  # Return in the filter must take no key of the user's away

        top = QFormLayout()
        top.addRow("Keys as in", self.keymap)
        row = QHBoxLayout()
        row.setSpacing(4)
        for editor, button in zip(self.editors, self.removers, strict=True):
            row.addWidget(editor, 1)
            row.addWidget(button)
        row.addWidget(self.reset_one)
        bottom = QHBoxLayout()
        bottom.addWidget(self.message, 1)
        bottom.addWidget(self.reset_all, 0, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        column.addWidget(self.title)
        column.addLayout(row)
        column.addLayout(bottom)

        self._fill()
        self.keymap.currentIndexChanged.connect(self._take_map)
        self.filter.textChanged.connect(self._narrow)
        self.table.currentItemChanged.connect(lambda *_: self._show_chosen())
        self.reset_one.clicked.connect(self._reset_one)
        self.reset_all.clicked.connect(self._reset_all)
        self._show_keys()
        self._show_chosen()

    def choose(self, name: str) -> None:
        """Make an action the one whose keys are changed."""
        self.table.setCurrentItem(self._items[name])

    @property
    def chosen(self) -> str | None:
        """The action whose keys are changed."""
        item = self.table.currentItem()
        return str(item.data(0, NAME_ROLE)) if item is not None else None

    def _fill(self) -> None:
        self._items: dict[str, QTreeWidgetItem] = {}
        for title, rows in MENUS.items():
            for row in rows:
                if isinstance(row, ActionSpec) and row.name in keys.SPECS:
                    where = f"{title} · {row.submenu}" if row.submenu else title
                    item = QTreeWidgetItem([row.plain_text, where.replace("&", ""), ""])
                    item.setData(0, NAME_ROLE, row.name)
                    item.setToolTip(0, row.tip)
                    item.setSizeHint(0, QSize(0, self.fontMetrics().height() + 8))
                    self._items[row.name] = item
        self.table.addTopLevelItems(list(self._items.values()))

    def _show_keys(self) -> None:
        """Write what is bound now; what differs from the map is bold."""
        index = self.keymap.findData(settings.read(settings.KEYMAP))
        with QSignalBlocker(self.keymap):
            self.keymap.setCurrentIndex(index)
        changed = keys.changed_names()
        for name, bound in keys.bindings().items():
            item = self._items[name]
            item.setText(2, ", ".join(map(keys.native, bound)))
            font = self.table.font()
            font.setBold(name in changed)
            item.setFont(2, font)
        self.reset_all.setEnabled(bool(changed))

    def _show_chosen(self) -> None:
        name = self.chosen
        bound = keys.bindings()[name] if name is not None else ()
        for number, editor in enumerate(self.editors):
            with QSignalBlocker(editor):
                key = bound[number] if number < len(bound) else ""
                editor.setKeySequence(QKeySequence(key))
            editor.setEnabled(name is not None)
            self.removers[number].setEnabled(bool(key))
        self.reset_one.setEnabled(name in keys.changed_names())
        self.title.setText(f"Keys of “{keys.SPECS[name].plain_text}”" if name else HINT)
        self.message.clear()

    def _on_pressed(self) -> None:
        wanted = [
            editor.keySequence().toString(QKeySequence.SequenceFormat.PortableText)
            for editor in self.editors
        ]
        wanted = [key for key in wanted if key]
        # Leaving a field tells of its key again, when there is nothing new to say of it.
        if self.chosen is not None and tuple(wanted) != keys.bindings()[self.chosen]:
            self._rebind(wanted)

    def _take_away(self, number: int) -> None:
        if self.chosen is not None:
            bound = keys.bindings()[self.chosen]
            self._rebind([*bound[:number], *bound[number + 1 :]])

    def _rebind(self, wanted: list[str]) -> None:
        name = self.chosen
        if name is None:
            return
        problem = keys.problem_with(name, wanted)
        if not problem:
            keys.rebind(name, wanted)
            self._show_keys()
            self.changed.emit()
        self._show_chosen()  # a key that was refused goes from its field at once
        self.message.setText(problem)

    def _reset_one(self) -> None:
        if self.chosen is not None:
            self._rebind(list(keys.map_keys(settings.read(settings.KEYMAP))[self.chosen]))

    def _reset_all(self) -> None:
        keys.reset_all()
        self._show_all_again()

    def _take_map(self) -> None:
        settings.write(settings.KEYMAP, str(self.keymap.currentData()))
        self._show_all_again()

    def _show_all_again(self) -> None:
        self._show_keys()
        self._show_chosen()
        self.changed.emit()

    def _narrow(self, words: str) -> None:
        wanted = words.casefold().split()
        for item in self._items.values():
            text = " ".join(item.text(column) for column in range(3)).casefold()
            item.setHidden(not all(word in text for word in wanted))
