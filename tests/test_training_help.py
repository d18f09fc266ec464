"""The guide's way from one's data to a result: its commands run as they stand there."""

import json
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from marked_slides import NEST, NETWORK, SIDE, write_cases
from test_cli import Recorder

from slideviewer.cli import main
from slideviewer.cli.train import app as train_app
from slideviewer.ui.help.pages import page_text

COMMANDS = [
    line.strip()
    for line in page_text("train-tiles").splitlines()
    if line.startswith("    slideviewer ")
]
QUICK = {
    "tiles": "--epochs 1 --patch-size 32 --spacing 2.0 --tiles-per-slide 8 --batch 8 --few 0"
    " --architecture tile-small --weights none --train all --hard-negative-rounds 0"
    f" --architecture-config '{json.dumps(NETWORK)}'",
    "evaluate": "",
}
"""What makes the commands quick on small data; what they say of the data stays as it is."""


def test_the_commands_of_the_guide_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train_app is not None and len(COMMANDS) == 8
    monkeypatch.chdir(tmp_path)
    slides = write_cases(Path("slides"), count=3)
    Path("masks").mkdir()
    for slide in slides.glob("*.tif"):
        mask = np.zeros((SIDE // 16, SIDE // 16), np.uint8)
        left, top, right, bottom = (it // 16 for it in NEST)
        mask[top:bottom, left:right] = 255
        cv2.imwrite(f"masks/{slide.stem}_mask.png", mask)
    tiles = np.random.default_rng(0).integers(0, 256, (90, 32, 32, 3), np.uint8)
    np.savez("set.npz", data=tiles, labels=np.arange(90) % 3)
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        quick = QUICK[words[1]] if words[0] == "train" else ""
        assert main([*words, *shlex.split(quick)], Recorder()) == 0, capsys.readouterr().err
    assert (tmp_path / "scored" / "scores.csv").read_text().count("\n") == 3
    assert (tmp_path / "report" / "report.json").exists()
    assert "held-out slides" in (tmp_path / "node" / "CARD.md").read_text()
