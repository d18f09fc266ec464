"""Notices: what stands there, for how long, and that it can be read."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton, QWidget
from pytestqt.qtbot import QtBot

from slideviewer.ui import notices as notices_module
from slideviewer.ui.notices import NoticeStack, Words


@pytest.fixture
def stack(qtbot: QtBot) -> NoticeStack:
    over = QWidget()
    qtbot.addWidget(over)
    over.resize(800, 600)
    made = NoticeStack(over)
    over.show()
    qtbot.waitExposed(over)
    return made


def test_what_is_said_again_stands_there_once(stack: NoticeStack) -> None:
    for text in ("one", "two", "one", "one"):
        stack.tell(text)
    assert stack.texts == ["two", "one"]
    stack.warn("two")
    assert stack.texts == ["two", "one"]


def test_what_is_told_goes_and_what_is_wrong_stays(
    qtbot: QtBot, stack: NoticeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices_module, "SECONDS_SHOWN", 0)
    stack.warn("a problem")
    stack.tell("done")
    qtbot.waitUntil(lambda: stack.texts == ["a problem"])
    assert stack.isVisible()


def test_a_way_out_takes_the_place_of_the_same_problem(qtbot: QtBot, stack: NoticeStack) -> None:
    taken: list[bool] = []
    stack.warn("a problem")
    stack.offer("a problem", "Mend it", lambda: taken.append(True))
    (notice,) = stack.notices
    assert notice.button is not None
    QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    assert taken == [True] and stack.texts == []
    qtbot.waitUntil(lambda: not stack.isVisible())


@pytest.mark.parametrize("width", [800, 320, 180])
@pytest.mark.parametrize(
    "text",
    [
        "The slide cannot be read, for many reasons. " * 4,
        "/data/" + "a_folder_of_a_study_with_a_name_without_any_space" * 2 + ": It is damaged.",
    ],
)
def test_a_long_text_is_wholly_seen_and_can_be_closed(
    qtbot: QtBot, stack: NoticeStack, width: int, text: str
) -> None:
    over = stack.parentWidget()
    over.resize(width, 600)
    stack.warn(text, ("Try again", lambda: None))
    (notice,) = stack.notices
    words, close = notice.findChild(Words), notice.findChild(QToolButton)
    assert words is not None and close is not None and notice.button is not None
    qtbot.waitUntil(lambda: words.document().size().height() <= words.viewport().height())
    assert words.document().size().width() <= words.viewport().width()
    for part in (words, close, notice.button):
        assert over.rect().contains(QRect(part.mapTo(over, QPoint()), part.size()))
    assert not notice.button.geometry().intersects(words.geometry())
    assert words.toPlainText() == text  # what is copied is what was said
