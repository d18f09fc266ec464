"""A set as a page for a browser: one file, with its pictures in it."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.files import replacing_text
from slideviewer.training.explore.facts import Facts
from slideviewer.training.explore.survey import Survey, Table, number_of

PAGE_FILE, TABLE_FILE = "explore.html", "explore.csv"

_MOST_PICTURES = 60
_BINS = 24
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --paper: #fdfdfb; --line: #d5d5d0;
  --bar: #0072b2; --warn: #a33b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e4; --paper: #1b1c1e;
  --line: #3b3d40; --bar: #56b4e9; --warn: #ffa06b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 1.5rem; }
th, td { padding: .2rem .8rem; border-bottom: 1px solid var(--line); text-align: right; }
th:first-child, td:first-child { text-align: left; }
.warn { color: var(--warn); }
.wall { display: flex; flex-wrap: wrap; gap: .8rem; }
figure { margin: 0; width: 160px; font-size: 12px; overflow-wrap: anywhere; }
figure img { max-width: 160px; border: 1px solid var(--line); }
svg rect { fill: var(--bar); } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
"""


def write_page(survey: Survey, folder: Path) -> Path:
    """Write `PAGE_FILE` and `TABLE_FILE` into a folder.

    Returns
    -------
    Path
        Of the page.

    Raises
    ------
    OSError
        The folder cannot be written, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    survey.write_table(folder / TABLE_FILE)
    with replacing_text(folder / PAGE_FILE) as stream:
        stream.write(page_of(survey))
    return folder / PAGE_FILE


def page_of(survey: Survey) -> str:
    """The page as HTML; whatever files say of themselves is escaped."""
    title = escape(survey.name)
    warnings = "".join(f"<li>{escape(words)}</li>" for words in survey.warnings)
    body = [
        f"<h1>{title}</h1>",
        f"<p><strong>{escape(RESEARCH_USE_ONLY)}</strong></p>",
        f'<h2>To be looked at</h2><ul class="warn">{warnings}</ul>' if warnings else "",
        *map(_table, survey.tables),
        *(_histogram(f"Area of {name}", values) for name, values in survey.areas.items()),
        _wall(survey),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return f"<h2>{escape(table.title)}</h2><table><tr>{head}</tr>{rows}</table>"


def _histogram(title: str, values: object) -> str:
    """Bars of values on a logarithmic scale: areas span many powers of ten."""
    found = np.asarray(values, np.float64)
    found = found[found > 0]
    if len(found) < 2 or found.min() == found.max():
        return ""
    edges = np.geomspace(found.min(), found.max() * (1 + 1e-9), _BINS + 1)
    counts, _ = np.histogram(found, edges)
    width, height = 20, 120
    bars = "".join(
        f'<rect x="{number * width}" y="{height - count / counts.max() * height:.1f}"'
        f' width="{width - 2}" height="{count / counts.max() * height:.1f}"/>'
        for number, count in enumerate(counts.tolist())
    )
    labels = "".join(
        f'<text x="{place * width}" y="{height + 16}" text-anchor="{anchor}">'
        f"{number_of(edges[place])}</text>"
        for place, anchor in ((0, "start"), (_BINS // 2, "middle"), (_BINS, "end"))
    )
    return (
        f"<h3>{escape(title)}</h3>"
        f'<svg role="img" aria-label="{escape(title)}" width="{_BINS * width}"'
        f' height="{height + 22}">{bars}{labels}</svg>'
    )


def _wall(survey: Survey) -> str:
    good = [it for it in survey.readable if it.thumbnail is not None]
    step = max(1, -(-len(good) // _MOST_PICTURES))
    figures = "".join(map(_figure, good[::step]))
    of_all = f" ({len(good[::step])} of {len(good):,})" if step > 1 else ""
    return f'<h2>Pictures{of_all}</h2><div class="wall">{figures}</div>' if good else ""


def _figure(facts: Facts) -> str:
    assert facts.thumbnail is not None
    words = [facts.item.class_name, f"{facts.width} × {facts.height} px"]
    if facts.objects is not None:
        words.append(f"{facts.objects} marked")
    said = escape(", ".join(word for word in words if word))
    name = escape(facts.item.path.name)
    return (
        f'<figure><img alt="{name}" src="data:image/jpeg;base64,{_jpeg(facts.thumbnail)}">'
        f"<figcaption>{name}<br>{said}</figcaption></figure>"
    )


def _jpeg(picture: NDArray[np.uint8]) -> str:
    _, encoded = cv2.imencode(".jpg", np.ascontiguousarray(picture[..., ::-1]))
    return base64.b64encode(encoded.tobytes()).decode()
