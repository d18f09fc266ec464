"""What was trained last from the window: kept, so that another one finds it, running or ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from slideviewer import paths
from slideviewer.ui import settings
from slideviewer.ui.settings import Setting
from slideviewer.ui.training.command import out_of
from slideviewer.ui.training.fields import Value

LAST = Setting("training_last", "")
"""As JSON."""

_PLAIN = str | int | float | bool


@dataclass(frozen=True)
class Last:
    """A training that was begun from the form.

    Attributes
    ----------
    words : tuple of str
        What was typed after ``slideviewer``.
    task, source : int
    values : mapping of str to value
    further : str
        What stood in the form.
    is_open : bool
        Whether nobody has seen yet how it ended.
    """

    words: tuple[str, ...] = ()
    task: int = 0
    source: int = 0
    values: Mapping[str, Value] = field(default_factory=dict)
    further: str = ""
    is_open: bool = False

    @property
    def out(self) -> Path | None:
        """The folder of its package."""
        return out_of(self.words)

    @property
    def log(self) -> Path:
        """Where what its process says goes."""
        out = self.out or Path("model")
        number = hashlib.sha256(str(out).encode("utf-8", "surrogatepass")).hexdigest()[:12]
        return paths.trainings_folder() / f"{out.name[:40]}-{number}.txt"

    def keep(self) -> None:
        """Keep it in the settings."""
        settings.write(LAST, json.dumps(asdict(self)))

    def seen(self) -> Last:
        """The same, and it is known how it ended."""
        return replace(self, is_open=False)


def read_last() -> Last:
    """What was kept; an empty one where there is none, or nothing that makes sense."""
    try:
        kept = json.loads(settings.read(LAST))
        values = {
            str(option): value
            for option, value in kept["values"].items()
            if isinstance(value, _PLAIN)
        }
        words = tuple(str(word) for word in kept["words"])
        task, source = int(kept["task"]), int(kept["source"])
        return Last(words, task, source, values, str(kept["further"]), bool(kept["is_open"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Last()
