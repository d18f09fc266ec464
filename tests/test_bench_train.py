"""The benchmark of training measures what it says, on small parts of it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks import child, train
from benchmarks.__main__ import PARTS
from benchmarks.__main__ import main as benchmark
from benchmarks.train_systems import SYSTEMS

from slideviewer.training.augmentation import NONE, flip_and_turn
from slideviewer.training.batches import BatchSource
from slideviewer.training.fit import FitSettings
from slideviewer.training.tile_readers import ArrayTiles


def test_each_part_of_training_is_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list(PARTS["train"]) == ["feed", "memory", "epochs", "bits", "head"]
    assert len(SYSTEMS) == 5
    monkeypatch.setattr(sys, "argv", ["bench", "train", "--only", "napari"])
    with pytest.raises(SystemExit):
        benchmark()
    assert "bench train has no part napari" in capsys.readouterr().err


def test_the_set_of_ten_times_as_many_tiles_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def measured(module: str, **settings: object) -> dict[str, object]:
        assert (module, settings["what"]) == ("train_child", "memory")
        tiles = settings["tiles"]
        assert isinstance(tiles, int)
        return {"set_mb": tiles, "before_mb": 500.0, "peak_mb": 600.0 + tiles / 10}

    monkeypatch.setattr(child, "measured", measured)
    (table,) = train.memory(tmp_path, None, True)
    assert [row[0] for row in table.rows] == [300, 3000]
    assert any("Grown by 10%" in note for note in table.notes)


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
def test_flips_and_turns_are_numpys(channels: int) -> None:
    tile = np.random.default_rng(0).integers(0, 256, (9, 9, channels), np.uint8)
    for orientation in range(8):
        turned = np.rot90(tile, orientation % 4)
        wanted = turned[:, ::-1] if orientation >= 4 else turned
        found = flip_and_turn(tile, orientation)
        assert np.array_equal(found, wanted) and found.flags.c_contiguous


def test_a_mixed_tile_is_as_its_target_says() -> None:
    tiles = np.stack([np.full((16, 16, 3), value, np.uint8) for value in (0, 200)])
    settings = FitSettings(batch_size=8, mixup=1.0, augmentation=NONE)
    source = BatchSource(ArrayTiles(tiles, 16), np.arange(2), 2, settings)
    for index in range(20):
        pixels, targets = source.batch(0, index)
        for tile, target in zip(pixels, targets, strict=True):
            assert abs(float(tile.mean()) - 200 * float(target[1])) <= 0.51
            assert tile.min() == tile.max()
