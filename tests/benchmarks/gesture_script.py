"""Gestures as a person makes them, drawn by a seeded generator once and kept as JSON.

Drags follow the minimum-jerk profile of human reaching (Flash and Hogan, "The coordination of
arm movements", 1985); mice report 60 to 125 times a second; a flick ends at full speed; a wheel
turns 12 to 30 notches a second, a fine one in eighths of a notch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

CANVAS = (1920, 1080)
"""Width and height of the canvas that the positions are meant for, in pixels."""

SECONDS = 60
SEED = 11
RECORDED = Path(__file__).with_name("gestures.json")

LONGEST_REST_MS = 300
"""Between two drags where nothing but drags is wanted."""

NOTCH = 120
"""What Qt calls one notch of a wheel, in eighths of a degree."""

_ZOOM_PER_NOTCH = 1.25
_LEAST_NOTCHES, _MOST_NOTCHES = 4, 20
"""How far the script zooms into a slide of 100,000 px: up to its level 0, pixel for pixel."""

_HOME_SCALE = 1030.0
"""Screen pixels per side of the (square) slide where all of it is in view."""

TISSUE = (0.38, 0.42)
"""The middle of the made slide's tissue, in parts of its sides."""

_FARTHEST = 0.15
"""How far from there the script wanders before it turns back, in parts of the slide's side."""


@dataclass(frozen=True)
class Gesture:
    """One event of a mouse.

    Attributes
    ----------
    at_ms : int
        Milliseconds since the script began.
    kind : str
        "press", "move", "release" (of the left button) or "wheel".
    x, y : float
        Canvas pixels.
    turn : int
        How far a wheel turned, in eighths of a degree; away from the user is positive.
    """

    at_ms: int
    kind: str
    x: float
    y: float
    turn: int = 0


def read(path: Path = RECORDED) -> list[Gesture]:
    """Read a recorded script."""
    return [Gesture(*event) for event in json.loads(path.read_text(encoding="utf-8"))["events"]]


def write(path: Path, gestures: Iterable[Gesture], seed: int) -> None:
    """Write a script, one event a line."""
    events = ",\n".join(
        json.dumps(
            [g.at_ms, g.kind, g.x, g.y, *([g.turn] if g.turn else [])], separators=(",", ":")
        )
        for g in gestures
    )
    head = f'{{"seed": {seed}, "canvas": {json.dumps(CANVAS)}, "events": [\n'
    path.write_text(head + events + "\n]}\n", encoding="utf-8")


def first(gestures: Iterable[Gesture], seconds: float) -> list[Gesture]:
    """The gestures of the first so many seconds; a drag cut off there is let go."""
    kept = [gesture for gesture in gestures if gesture.at_ms <= 1000 * seconds]
    held = [gesture for gesture in kept if gesture.kind in ("press", "release")]
    if held and held[-1].kind == "press":
        kept.append(replace(kept[-1], kind="release", turn=0))
    return kept


def drags_only(gestures: Iterable[Gesture]) -> list[Gesture]:
    """The gestures without the wheel, and without the longer rests that leaves."""
    kept = [gesture for gesture in gestures if gesture.kind != "wheel"]
    closer: list[Gesture] = []
    now_ms = former_ms = 0
    for gesture in kept:
        now_ms += min(gesture.at_ms - former_ms, LONGEST_REST_MS)
        former_ms = gesture.at_ms
        closer.append(replace(gesture, at_ms=now_ms))
    return closer


def generate(seed: int = SEED, seconds: float = SECONDS) -> list[Gesture]:
    """Make a script; the same seed gives the same one."""
    hand = _Hand(np.random.default_rng(seed))
    hand.zoom(12)
    while hand.now_ms < 1000 * seconds - 2500:
        hand.act()
    return hand.gestures


class _Hand:
    """Makes one gesture after the other, and knows about where on the slide it is."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.gestures: list[Gesture] = []
        self.now_ms = 500.0
        self._rng = rng
        self._notches = 0
        self._x, self._y = 0.5, 0.5  # the middle of the view, in parts of the slide

    @property
    def _scale(self) -> float:
        return _HOME_SCALE * _ZOOM_PER_NOTCH**self._notches

    def act(self) -> None:
        """Drag, flick or zoom, then rest."""
        kind = self._rng.choice(["drag", "flick", "zoom"], p=[0.5, 0.2, 0.3])
        if kind == "drag":
            for _ in range(int(self._rng.integers(1, 5))):
                self._drag(self._rng.uniform(150, 850), self._rng.uniform(0.3, 1.1))
                self._rest(0.05, 0.3)
        elif kind == "flick":
            self._drag(self._rng.uniform(250, 600), self._rng.uniform(0.12, 0.22), flick=True)
            self._rest(0.4, 1.0)  # while the slide slides on
        else:
            # Towards the middle of the range, so that every level is visited.
            left = _MOST_NOTCHES - self._notches
            is_in = self._rng.random() < left / (_MOST_NOTCHES - _LEAST_NOTCHES)
            most = left if is_in else self._notches - _LEAST_NOTCHES
            self.zoom((1 if is_in else -1) * min(most, int(self._rng.integers(2, 9))))
        self._rest(0.2, 0.9)

    def zoom(self, notches: int) -> None:
        """Turn the wheel over a point: of the tissue when zooming in."""
        way = int(np.sign(notches))
        x, y = CANVAS[0] / 2, CANVAS[1] / 2
        if notches > 0:
            spread = 0.05 * self._rng.standard_normal(2)
            x += (TISSUE[0] + spread[0] - self._x) * self._scale
            y += (TISSUE[1] + spread[1] - self._y) * self._scale
        x = float(np.clip(x, 0.2 * CANVAS[0], 0.8 * CANVAS[0]))
        y = float(np.clip(y, 0.2 * CANVAS[1], 0.8 * CANVAS[1]))
        is_fine = self._rng.random() < 0.3
        parts = 8 if is_fine else 1
        per_second = 90.0 if is_fine else self._rng.uniform(12, 30)
        for _ in range(abs(notches) * parts):
            self._add("wheel", x, y, way * NOTCH // parts)
            self.now_ms += 1000 / per_second
        point_x = self._x + (x - CANVAS[0] / 2) / self._scale
        point_y = self._y + (y - CANVAS[1] / 2) / self._scale
        self._notches += notches
        self._x = point_x - (x - CANVAS[0] / 2) / self._scale
        self._y = point_y - (y - CANVAS[1] / 2) / self._scale

    def _drag(self, distance: float, seconds: float, flick: bool = False) -> None:
        away_x, away_y = self._x - TISSUE[0], self._y - TISSUE[1]
        # The slide follows the hand, so a drag to the right shows what is to the left.
        angle = self._rng.uniform(0, 2 * math.pi)
        if math.hypot(away_x, away_y) > _FARTHEST:
            angle = math.atan2(away_y, away_x) + self._rng.uniform(-0.4, 0.4)
        dx, dy = distance * math.cos(angle), 0.8 * distance * math.sin(angle)
        x = float(np.clip(CANVAS[0] / 2 - dx / 2, 60, CANVAS[0] - 60))
        y = float(np.clip(CANVAS[1] / 2 - dy / 2, 60, CANVAS[1] - 60))
        rate = int(self._rng.choice([60, 100, 125]))
        steps = max(3, round(seconds * rate))
        self._add("press", x, y)
        for step in range(1, steps + 1):
            self.now_ms += 1000 / rate
            part = step / steps
            # A flick is a reach that is let go at its fastest, half-way point.
            share = 2 * _reach(part / 2) if flick else _reach(part)
            jitter = self._rng.normal(0, 0.4, 2)
            self._add("move", x + share * dx + jitter[0], y + share * dy + jitter[1])
        last = self.gestures[-1]
        self.now_ms += 2
        self._add("release", last.x, last.y)
        self._x -= (last.x - x) / self._scale
        self._y -= (last.y - y) / self._scale

    def _rest(self, least_s: float, most_s: float) -> None:
        self.now_ms += 1000 * self._rng.uniform(least_s, most_s)

    def _add(self, kind: str, x: float, y: float, turn: int = 0) -> None:
        x, y = round(float(x), 1), round(float(y), 1)
        self.gestures.append(Gesture(round(self.now_ms), kind, x, y, turn))


def _reach(part: float) -> float:
    """How much of the way a hand has gone after a part of the time."""
    return 10 * part**3 - 15 * part**4 + 6 * part**5
