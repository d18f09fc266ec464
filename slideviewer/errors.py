"""Errors that carry words for the user.

A `SlideviewerError` becomes a notice in the window and one line with exit code 2 on the
command line. Any other exception is a bug.
"""

from pathlib import Path


class SlideviewerError(Exception):
    """Something the user can understand and act on.

    Parameters
    ----------
    problem : str
        What is wrong, in one sentence; quotes the offending value.
    path : Path, optional
        The file it is about; named first in the message.
    remedy : str, optional
        What to do about it.
    """

    def __init__(self, problem: str, *, path: Path | str | None = None, remedy: str = "") -> None:
        self.problem = problem
        self.path = Path(path) if path is not None else None
        self.remedy = remedy
        place = f"{self.path}: " if self.path is not None else ""
        super().__init__(f"{place}{problem}" + (f" {remedy}" if remedy else ""))


class SlideError(SlideviewerError):
    """A slide or picture cannot be opened or read."""


class AnnotationError(SlideviewerError):
    """An annotation file cannot be read or written, or an edit is impossible."""


class ModelError(SlideviewerError):
    """A model package is refused."""


class PredictionError(SlideviewerError):
    """A prediction cannot be made, stored or read."""


class TrainingError(SlideviewerError):
    """A training cannot start or go on."""


class EvaluationError(SlideviewerError):
    """Predictions and truth cannot be compared: another slide, another size, a case missing."""


class Cancelled(Exception):
    """The user cancelled; raised out of a `Progress` call and shown to nobody."""
