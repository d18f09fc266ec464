"""Sets of groups to begin with: those that come with the program, and the user's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from slideviewer.annotations import Group
from slideviewer.annotations.templates import BUILT_IN, Template
from slideviewer.errors import SlideviewerError
from slideviewer.ui.asking import ask
from slideviewer.ui.kept_file import read_kept, write_kept
from slideviewer.ui.notices import NoticeStack
from slideviewer.ui.session import Session

WHAT = "Your group templates"
MOST_FILE_BYTES = 16_000_000
LONGEST_NAME = 100


class _KeptGroup(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=1000)
    parent: str | None = Field(default=None, max_length=1000)
    colour: str = Field(pattern="^#[0-9A-Fa-f]{6}$")
    attributes: dict[str, str] = Field(default_factory=dict, max_length=1000)


class _KeptTemplate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    groups: tuple[_KeptGroup, ...] = Field(max_length=1000)


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: int = Field(default=1, ge=1, le=1)
    templates: tuple[_KeptTemplate, ...] = Field(default=(), max_length=1000)


class TemplateStore:
    """The user's own templates, in one JSON file.

    Parameters
    ----------
    file : Path
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def load(self) -> dict[str, Template]:
        """All by name; see `read_kept` for what may go wrong."""
        kept = read_kept(self._file, _Kept, WHAT, MOST_FILE_BYTES)
        found = (_template(one) for one in kept.templates) if kept is not None else ()
        return {template.name: template for template in found}

    def put(self, template: Template) -> None:
        """Keep a template, in place of the one of its name; SlideviewerError where that fails."""
        self._save({**self.load(), template.name: template})

    def remove(self, name: str) -> Template | None:
        """Forget a template; gives it to whoever may want it back."""
        templates = self.load()
        gone = templates.pop(name, None)
        self._save(templates)
        return gone

    def _save(self, templates: dict[str, Template]) -> None:
        try:
            kept = _Kept(templates=tuple(_kept(template) for template in templates.values()))
        except ValueError as error:
            raise SlideviewerError(
                f"{WHAT} cannot be kept: too many groups, or names that no file can hold.",
                remedy="Delete or rename some first.",
            ) from error
        write_kept(self._file, kept, WHAT)


class Templates:
    """Fills a menu with the templates, and does what is chosen there.

    Parameters
    ----------
    session : Session
    store : TemplateStore
    notices : NoticeStack
    menu : QMenu
        Filled each time before it is shown.
    window : QWidget
    """

    def __init__(
        self,
        session: Session,
        store: TemplateStore,
        notices: NoticeStack,
        menu: QMenu,
        window: QWidget,
    ) -> None:
        self._session, self._store, self._notices = session, store, notices
        self._menu, self._window = menu, window
        menu.aboutToShow.connect(self.fill)

    def fill(self) -> None:
        """Put what there is now into the menu."""
        menu, own = self._menu, self._own()
        menu.clear()
        for template in (*BUILT_IN, *own.values()):
            _add(menu, template.name, partial(self.use, template))
        menu.addSeparator()
        save = menu.addAction("Save these groups as a template…", self.ask_to_save)
        save.setEnabled(bool(self._session.document.annotations.groups))
        if own:
            delete = menu.addMenu("Delete a template")
            for name in own:
                _add(delete, name, partial(self.delete, name))

    def use(self, template: Template) -> None:
        """Add those groups of a template that are not there yet."""
        document = self._session.document
        missing = template.missing_from(document.annotations.groups)
        if not missing:
            self._notices.tell(f"All groups of “{template.name}” are there already.")
            return
        document.apply("Add groups of a template", {}, missing)

    def ask_to_save(self) -> None:
        """Let the user name the present groups."""
        typed, agreed = QInputDialog.getText(self._window, "Save as template", "Name:")
        name = " ".join(typed.split())[:LONGEST_NAME]
        if not agreed or not name:
            return
        if name in (template.name for template in BUILT_IN):
            self._notices.warn(f"“{name}” comes with the program: choose another name.")
            return
        question = f"There is a template “{name}” already."
        choices = ("Replace it", "Stay")
        if name in self._own() and ask(self._window, "Template", question, choices) == "Stay":
            return
        self._put(Template.of(name, self._session.document.annotations.groups))

    def delete(self, name: str) -> None:
        """Delete one of the user's own; a notice brings it back."""
        try:
            gone = self._store.remove(name)
        except SlideviewerError as problem:
            self._notices.warn(str(problem))
            return
        if gone is not None:
            text = f"Deleted the template “{name}”."
            self._notices.offer(text, "Undo", lambda: self._put(gone))

    def _own(self) -> dict[str, Template]:
        try:
            return self._store.load()
        except SlideviewerError as problem:
            self._notices.warn(str(problem))
            return {}

    def _put(self, template: Template) -> None:
        try:
            self._store.put(template)
        except SlideviewerError as problem:
            self._notices.warn(str(problem))
        else:
            self._notices.tell(f"Kept the template “{template.name}”.")


def _add(menu: QMenu, name: str, do: Callable[[], None]) -> None:
    """Put a name into a menu; an ampersand in it would be taken for a mark."""
    menu.addAction(name.replace("&", "&&")).triggered.connect(lambda: do())


def _template(kept: _KeptTemplate) -> Template:
    groups = (Group(it.name, it.parent, it.colour.upper(), it.attributes) for it in kept.groups)
    return Template(kept.name, tuple(groups))


def _kept(template: Template) -> _KeptTemplate:
    groups = (
        _KeptGroup(name=it.name, parent=it.parent, colour=it.colour, attributes=dict(it.attributes))
        for it in template.groups
    )
    return _KeptTemplate(name=template.name, groups=tuple(groups))
