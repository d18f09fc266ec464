"""The stored prediction: round trips, resuming, refusing, damage, a killed writer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import PredictionError
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch
from slideviewer.inference.store import PredictionStore, read_prediction
from slideviewer.inference.store_files import ARRAY_FOLDER

GRID = Grid(10.5, -3.0, 76.25, 70, 40)
PROVENANCE = {
    "model": {"hash": "a" * 64},
    "slide": {"content": "b" * 64, "name": "😐.svs"},
    "spacing_um_px": 0.5,
}


def open_store(folder: Path, **changes: object) -> PredictionStore:
    settings_ = {
        "grid": GRID,
        "class_names": ("Background", "Tumor"),
        "provenance": PROVENANCE,
        "target": 1,
        "threshold": 0.5,
    } | changes
    return PredictionStore.open_or_create(folder, **settings_)  # type: ignore[arg-type]


def batch(cells: list[tuple[int, int]], seed: int = 0) -> CellBatch:
    tumour = np.random.default_rng(seed).random(len(cells), dtype=np.float32)
    columns, rows = np.array(cells, np.int32).T
    return CellBatch(columns, rows, np.stack([1 - tumour, tumour], axis=1))


def test_what_was_written_is_read_back_and_the_rest_is_unknown(tmp_path: Path) -> None:
    store = open_store(tmp_path / "a" / "b")
    written = batch([(0, 0), (69, 39), (33, 31), (31, 33)])
    store.write(written)
    found = read_prediction(tmp_path / "a" / "b")
    assert found.grid == GRID
    assert found.class_names == ("Background", "Tumor")
    assert (found.target, found.threshold, found.complete) == (1, 0.5, False)
    assert found.provenance == PROVENANCE
    assert np.array_equal(found.probabilities[written.rows, written.columns], written.probabilities)
    assert np.isnan(found.probabilities).sum() == 2 * (70 * 40 - 4)
    assert np.array_equal(store.done, ~np.isnan(found.target_probabilities))


@settings(max_examples=20, deadline=None)
@given(
    probabilities=npst.arrays(
        np.float32,
        st.tuples(st.integers(1, 40), st.integers(1, 40), st.integers(1, 4)),
        elements=st.floats(0, 1, width=32),
    ),
    data=st.data(),
)
def test_any_cells_survive(
    tmp_path_factory: pytest.TempPathFactory, probabilities: np.ndarray, data: st.DataObject
) -> None:
    rows, columns, classes = probabilities.shape
    chosen = data.draw(npst.arrays(np.bool_, (rows, columns)))
    folder = tmp_path_factory.mktemp("store")
    names = [f"class {i}" for i in range(classes)]
    store = open_store(
        folder, grid=Grid(0, 0, 1.5, columns, rows), class_names=names, target=classes - 1
    )
    at_rows, at_columns = np.nonzero(chosen)
    for part in np.array_split(np.arange(len(at_rows)), 3):
        r, c = at_rows[part].astype(np.int32), at_columns[part].astype(np.int32)
        store.write(CellBatch(c, r, probabilities[r, c]))
    found = read_prediction(folder)
    assert np.array_equal(found.probabilities[chosen], probabilities[chosen])
    assert np.isnan(found.probabilities[~chosen]).all()


def test_a_store_of_the_same_kind_is_resumed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write(batch([(1, 2), (3, 4)]))
    store.finish(complete=False, skipped=[(5, 6, "damaged")], ways=[{"engine": "A"}])
    again = open_store(tmp_path, provenance={**PROVENANCE, "started": "later"}, threshold=0.9)
    assert sorted(zip(*np.nonzero(again.done), strict=True)) == [(2, 1), (4, 3)]
    again.write(batch([(7, 8)]))
    found = again.finish(complete=True, ways=[{"engine": "B"}], facts={"seconds": 3})
    assert found.complete
    assert (found.threshold, found.skipped) == (0.9, ())
    assert found.provenance["started"] == "later"
    assert found.provenance["seconds"] == 3
    assert found.provenance["computed_by"] == [{"engine": "A"}, {"engine": "B"}]
    assert int((~np.isnan(read_prediction(tmp_path).target_probabilities)).sum()) == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provenance": {**PROVENANCE, "model": {"hash": "c"}}}, "another model"),
        ({"provenance": {**PROVENANCE, "slide": {"content": "c"}}}, "another slide"),
        (
            {"provenance": {**PROVENANCE, "slide": {"content": "b" * 64, "reading": 1}}},
            "another way of reading",
        ),
        ({"provenance": {**PROVENANCE, "spacing_um_px": 0.25}}, "another spacing"),
        ({"class_names": ("A", "B")}, "other classes"),
        ({"grid": Grid(0, 0, 76.25, 70, 40)}, "another region"),
        ({"grid": Grid(0, 0, 38.25, 140, 80)}, "another stride"),
        (
            {"provenance": {**PROVENANCE, "tissue": {"lowest_saturation": 9}}},
            "another way to tell tissue",
        ),
    ],
)
def test_another_prediction_is_refused_or_replaced(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    open_store(tmp_path).write(batch([(1, 2)]))
    with pytest.raises(PredictionError, match=words) as caught:
        open_store(tmp_path, **changes)
    assert str(tmp_path) in str(caught.value)
    assert read_prediction(tmp_path).target_probabilities[2, 1] >= 0
    replaced = open_store(tmp_path, **changes, replace=True)
    assert not replaced.done.any()
    assert np.isnan(read_prediction(tmp_path).probabilities).all()


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    open_store(tmp_path)
    open_store(tmp_path, grid=Grid(0, 0, 1, 1, 1), replace=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_array_is_ome_zarr(tmp_path: Path) -> None:
    open_store(tmp_path).write(batch([(1, 2)]))
    group = zarr.open_group(tmp_path / ARRAY_FOLDER, mode="r")
    assert group.metadata.zarr_format == 3
    assert group.attrs["research_use"] == RESEARCH_USE_ONLY
    ome = group.attrs["ome"]
    assert ome["version"] == "0.5"
    (scales,) = ome["multiscales"]
    assert [axis["name"] for axis in scales["axes"]] == ["c", "y", "x"]
    assert [axis.get("unit") for axis in scales["axes"]] == [None, "micrometer", "micrometer"]
    scale, shift = scales["datasets"][0]["coordinateTransformations"]
    assert scale == {"type": "scale", "scale": [1.0, 76.25 * 0.5, 76.25 * 0.5]}
    centre = (76.25 - 1) / 2
    assert shift["translation"] == [0.0, (-3.0 + centre) * 0.5, (10.5 + centre) * 0.5]
    array = group["0"]
    assert array.shape == (2, 40, 70)
    assert array.metadata.dimension_names == ("c", "y", "x")
    assert array[1, 2, 1] >= 0


def test_a_damaged_chunk_counts_as_not_looked_at(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    store.write(batch([(0, 0), (40, 35)]))
    chunk = tmp_path / ARRAY_FOLDER / "0" / "c" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:5])
    found = read_prediction(tmp_path).target_probabilities
    assert np.isnan(found[0, 0])
    assert found[35, 40] >= 0
    assert open_store(tmp_path).done.sum() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"grid": {"x": 0, "y": 0, "cell": 0, "columns": 70, "rows": 40}},
        {"grid": {"x": 0, "y": 0, "cell": 1, "columns": 10**9, "rows": 10**9}},
        {"target": 2},
        {"class_names": []},
    ],
)
def test_a_strange_record_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    open_store(tmp_path)
    record = tmp_path / "prediction.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | change))
    with pytest.raises(PredictionError, match="cannot be understood"):
        read_prediction(tmp_path)


def test_no_store_and_half_a_store_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="is no prediction"):
        read_prediction(tmp_path)
    open_store(tmp_path)
    (tmp_path / "prediction.json").write_text("{")
    with pytest.raises(PredictionError, match=r"prediction\.json"):
        read_prediction(tmp_path)
    with pytest.raises(PredictionError):
        open_store(tmp_path)
    assert not open_store(tmp_path, replace=True).done.any()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PredictionError, match="cannot be written"):
        open_store(tmp_path / "file" / "store")


_WRITER = """
import sys, itertools
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import GRID, batch, open_store
store = open_store(Path(sys.argv[1]))
for i in itertools.cycle(range(GRID.columns * GRID.rows)):
    store.write(batch([(i % GRID.columns, i // GRID.columns)], seed=i))
    print(i, flush=True)
"""


def test_a_killed_writer_leaves_what_it_had_written(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path), str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < 100:
        pass
    writer.kill()
    told = [int(line) for line in writer.stdout.read().split()]
    writer.wait()
    found = read_prediction(tmp_path).target_probabilities
    written = max(told, default=100) + 1
    for i in range(written):
        expected = batch([(0, 0)], seed=i).probabilities[0, 1]
        assert found[divmod(i, GRID.columns)] == expected
