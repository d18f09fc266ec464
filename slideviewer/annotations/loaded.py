"""What reading an annotation file gives: the annotations, and sentences for the user."""

from __future__ import annotations

from dataclasses import dataclass

from slideviewer.annotations.model import AnnotationSet

_NAMED = 3
"""How many annotations a notice names before it only counts the rest."""
_LONGEST = 40
"""Characters of a name that a notice quotes."""


@dataclass(frozen=True)
class Loaded:
    """An annotation file as read.

    Attributes
    ----------
    annotations : AnnotationSet
    notices : tuple of str
        What the user should know: one plain sentence for each kind of oddity that was met.
        Empty for a file in order.
    """

    annotations: AnnotationSet
    notices: tuple[str, ...] = ()

    @classmethod
    def empty(cls) -> Loaded:
        """No annotations and no groups, as before any file is read."""
        return cls(AnnotationSet.of())


class Notices:
    """Collects oddities while a file is read, one sentence for each kind of them."""

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def add(self, sentence: str, who: str | None = None) -> None:
        """Note an oddity.

        Parameters
        ----------
        sentence : str
            The same text for every oddity of the kind; ``{who}`` in it becomes the list of names.
        who : str, optional
            Whom this one concerns.
        """
        names = self._found.setdefault(sentence, [])
        self._counts[sentence] = self._counts.get(sentence, 0) + 1
        if who is not None and len(names) < _NAMED:
            names.append(who)

    def texts(self) -> tuple[str, ...]:
        """The sentences, in the order in which their kinds were first met."""
        return tuple(
            sentence.replace("{who}", _listed(names, self._counts[sentence]))
            for sentence, names in self._found.items()
        )


def quoted(name: str) -> str:
    """A name as a notice shows it: in quotes, cut where it is very long."""
    return f"'{name if len(name) <= _LONGEST else name[: _LONGEST - 1] + '…'}'"


def counted(annotations: int) -> str:
    """How many annotations, in words."""
    return "1 annotation" if annotations == 1 else f"{annotations} annotations"


def _listed(names: list[str], count: int) -> str:
    if count > len(names):
        return f"{', '.join(names)} and {count - len(names)} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
