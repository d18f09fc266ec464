"""Folders of pictures: masks and labels at their own size, tables, going on after a kill."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import openpyxl
import pytest
from mask_fixtures import Brightness, waves, write_picture
from test_nuclei import drawn_nuclei
from tiny_model import write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.errors import Cancelled, PredictionError
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.nuclei.pictures import NucleiPicture, predict_nuclei_pictures
from slideviewer.inference.pictures import refuse_other_pictures
from slideviewer.inference.segmentation.open_picture import PictureOptions
from slideviewer.inference.segmentation.pictures import (
    mask_files,
    predict_segmentation_pictures,
)
from slideviewer.models.package import ModelPackage
from slideviewer.progress import Step

THRESHOLD = 0.4


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    folder = tmp_path_factory.mktemp("models")
    return write_tiny_segmentation(folder / "tiny", patch=64, threshold=THRESHOLD)


@pytest.fixture(scope="module")
def of_nuclei(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(
        tmp_path_factory.mktemp("models") / "nuclei",
        patch=64,
        task="nuclei",
        class_names=("Inside", "Border"),
        target_class="Inside",
    )


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    sizes = {"wide": (300, 130), "tall": (90, 201), "less than a tile": (50, 40)}
    return [
        write_picture(tmp_path / "in" / f"{name}.png", waves(*size, seed=size[0]))
        for name, size in sizes.items()
    ]


def read(path: Path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


def results(out: Path) -> dict[str, bytes]:
    """All files but those that say when they were made."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != "run.json"
    }


def test_masks_overlays_and_tables(
    package: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    broken = tmp_path / "in" / "broken.png"
    broken.write_bytes(pictures[0].read_bytes()[:200])
    model = Brightness()
    found = predict_segmentation_pictures([*pictures, broken], ModelLoader(package, model), out)
    assert [it.problem == "" for it in found] == [True, True, True, False]
    assert not (out / "broken").exists(), "nothing is left of what cannot be read"
    rows = list(csv.DictReader((out / "areas.csv").open(encoding="utf-8")))
    assert [row["file"] for row in rows] == [path.name for path in pictures]
    for path, row in zip(pictures, rows, strict=True):
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = pixels.shape[:2]
        assert (int(row["width"]), int(row["height"])) == (width, height)
        for channel, name in enumerate(("Parenchyma", "Inflammation")):
            mask = read(out / path.stem / f"mask_{name}.png")
            assert mask.dtype == np.uint8
            assert mask.shape == (height, width)
            expected = pixels[..., channel] / 255 >= THRESHOLD
            assert np.array_equal(mask, np.where(expected, 255, 0))
            count = int((mask == 255).sum())
            assert int(row[f"{name} pixels"]) == count
            assert float(row[f"{name} percent"]) == pytest.approx(100 * count / mask.size, abs=1e-3)
            assert row[f"{name} µm²"] == "", "nobody knows how large its pixels are"
        overlay = read(out / path.stem / "overlay.png")
        assert overlay.shape[0] > height
        assert RESEARCH_USE_ONLY.encode() in (out / path.stem / "overlay.png").read_bytes()
        facts = json.loads((out / path.stem / "run.json").read_text("utf-8"))
        assert facts["research_use"] == RESEARCH_USE_ONLY
        assert facts["spacing_source"].startswith("assumed")
    book = openpyxl.load_workbook(out / "areas.xlsx")
    assert book.sheetnames == ["Per picture", "Per tile"]
    per_picture = list(book["Per picture"].values)
    assert per_picture[0][0] == RESEARCH_USE_ONLY
    assert [row[0] for row in per_picture[2:]] == [path.name for path in pictures]
    assert per_picture[2][3] == int(rows[0]["Parenchyma pixels"])
    per_tile = list(book["Per tile"].values)[2:]
    wide = [row for row in per_tile if row[0] == "wide.png"]
    mask = read(out / "wide" / "mask_Parenchyma.png")
    assert len(wide) == 9 * 4
    for _, _, x, y, width, height, count, *_ in wide:
        assert (mask[y : y + height, x : x + width] == 255).sum() == count
    assert wide[-1][2] + wide[-1][4] == 300, "the last tile is flush with the edge"
    run = json.loads((out / "run.json").read_text("utf-8"))
    assert run["pictures"] == 3
    assert [it["file"] for it in run["skipped"]] == ["broken.png"]


def test_a_folder_that_was_broken_off_goes_on(
    package: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    predict_segmentation_pictures(pictures, ModelLoader(package, Brightness()), tmp_path / "whole")
    expected = results(tmp_path / "whole")

    def until_third(step: Step) -> None:
        if step.done == 2:
            raise Cancelled

    out = tmp_path / "cut"
    with pytest.raises(Cancelled):
        predict_segmentation_pictures(
            pictures, ModelLoader(package, Brightness()), out, until_third
        )
    # Killed in the middle of one: some of its files are there, and no word that it is done.
    (out / "tall" / "run.json").unlink()
    (out / "tall" / "overlay.png").unlink()
    model = Brightness()
    predict_segmentation_pictures(pictures, ModelLoader(package, model), out)
    assert results(out) == expected
    assert model.asked == [8, 8, 1], "the first picture was not predicted again"
    # A second run finds all done; another threshold finds nothing.
    model = Brightness()
    predict_segmentation_pictures(pictures, ModelLoader(package, model), out)
    assert results(out) == expected
    assert not model.asked
    # One that a former version read in another way is predicted again.
    run = out / "wide" / "run.json"
    run.write_text(run.read_text("utf-8").replace('"reading": 2', '"reading": 1'), "utf-8")
    predict_segmentation_pictures(pictures, ModelLoader(package, model), out)
    assert model.asked
    model = Brightness()
    predict_segmentation_pictures(
        pictures, ModelLoader(package, model), out, options=PictureOptions(threshold=0.6)
    )
    assert model.asked
    kept = (out / "wide" / "mask_Parenchyma.png.bak").read_bytes()
    assert kept == expected["wide/mask_Parenchyma.png"]


def test_what_a_former_run_says_is_kept(
    package: ModelPackage, of_nuclei: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    predict_segmentation_pictures(pictures, ModelLoader(package, Brightness()), out)
    predict_segmentation_pictures(pictures, ModelLoader(package, Brightness()), out)
    assert not (out / "run.json.bak").exists(), "the same run says the same"
    former = (out / "run.json").read_bytes()
    found_nuclei(pictures, of_nuclei, out, Brightness())
    assert (out / "run.json.bak").read_bytes() == former
    # A picture that cannot be read any more takes nothing with it.
    said = (out / "wide" / "run.json").read_bytes()
    pictures[0].write_bytes(b"damaged")
    found_nuclei(pictures, of_nuclei, out, Brightness())
    assert (out / "wide" / "run.json").read_bytes() == said


def test_nothing_of_another_run_stays_beside_this_one(
    package: ModelPackage, of_nuclei: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    predict_segmentation_pictures(pictures, ModelLoader(package, Brightness()), out)
    found_nuclei(pictures, of_nuclei, out, Brightness())
    for path in pictures:
        files = {file.name for file in (out / path.stem).iterdir() if file.suffix != ".bak"}
        assert files == {"labels.png", "nuclei.csv", "overlay.png", "run.json"}
        assert (out / path.stem / "mask_Parenchyma.png.bak").exists()
    assert not (out / "areas.csv").exists()
    assert (out / "areas.csv.bak").exists()


def test_several_models_and_turns_leave_their_uncertainty(
    package: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    class Dark(Brightness):
        def predict(self, tiles: np.ndarray) -> np.ndarray:
            return super().predict(tiles) / 2

    out, loader = tmp_path / "out", ModelLoader(package, Brightness())
    together = PictureOptions(others=(ModelLoader(package, Dark()),), turns="flips")
    found = predict_segmentation_pictures(pictures[:1], loader, out, options=together)
    assert found[0].problem == ""
    uncertain = read(out / "wide" / "uncertainty.png")
    target = waves(300, 130, seed=300)[..., 1] / 255
    assert uncertain.shape == (130, 300)
    # Half of the difference of two is their standard deviation, and 255 stands for a half.
    assert np.abs(uncertain / 255 / 2 - target / 4).max() < 4e-3
    facts = json.loads((out / "wide" / "run.json").read_text("utf-8"))
    assert facts["turns"] == "flips" and len(facts["others"]) == 1
    model = Brightness()
    alone = ModelLoader(package, model)
    only = PictureOptions(formats=("csv",))
    predict_segmentation_pictures(pictures[:1], alone, out, options=only)
    assert model.asked, "what was done otherwise is done again"
    for name in ("uncertainty.png", "overlay.png"):
        assert not (out / "wide" / name).exists()
        assert (out / "wide" / f"{name}.bak").exists()
    assert not (out / "areas.xlsx").exists()


def test_a_picture_at_another_spacing_keeps_its_size(package: ModelPackage, tmp_path: Path) -> None:
    pixels = waves(500, 400)
    path = write_picture(tmp_path / "fine.png", pixels)
    predict_segmentation_pictures(
        [path],
        ModelLoader(package, Brightness()),
        tmp_path / "out",
        options=PictureOptions(spacing=0.4),
    )
    mask = read(tmp_path / "out" / "fine" / "mask_Parenchyma.png")
    expected = pixels[..., 0] / 255 >= THRESHOLD
    assert mask.shape == expected.shape
    assert ((mask == 255) != expected).mean() < 0.02
    rows = list(csv.DictReader((tmp_path / "out" / "areas.csv").open(encoding="utf-8")))
    count = int((mask == 255).sum())
    assert float(rows[0]["Parenchyma µm²"]) == pytest.approx(count * 0.4**2, rel=1e-4)


def test_pictures_that_would_share_a_folder_are_refused(
    package: ModelPackage, pictures: list[Path], tmp_path: Path
) -> None:
    other = write_picture(tmp_path / "other" / "WIDE.png", waves(30, 30))
    with pytest.raises(PredictionError, match="mixed up"):
        predict_segmentation_pictures(
            [pictures[0], other], ModelLoader(package, Brightness()), tmp_path / "out"
        )
    names = {pictures[0]: "one", other: "two"}
    predict_segmentation_pictures(
        [pictures[0], other], ModelLoader(package, Brightness()), tmp_path / "out", names=names
    )
    assert (tmp_path / "out" / "two" / "overlay.png").exists()
    with pytest.raises(PredictionError, match="other pictures"):
        refuse_other_pictures(pictures, package, tmp_path / "out", "areas.csv")


def test_class_names_become_file_names() -> None:
    assert mask_files(["Tumor", "a/b: c", "Größe", "a_b_c"]) == [
        "mask_Tumor.png",
        "mask_a_b_c_2.png",
        "mask_Größe.png",
        "mask_a_b_c_4.png",
    ]


def found_nuclei(
    paths: list[Path], package: ModelPackage, out: Path, model: Brightness, **options: object
) -> tuple[NucleiPicture, ...]:
    return predict_nuclei_pictures(paths, ModelLoader(package, model), out, **options)  # type: ignore[arg-type]


def test_nuclei_of_pictures(of_nuclei: ModelPackage, tmp_path: Path) -> None:
    drawn = [drawn_nuclei(300, 220, 40, 1), drawn_nuclei(120, 90, 8, 2)]
    paths = [
        write_picture(tmp_path / f"{number}.png", pixels) for number, pixels in enumerate(drawn)
    ]
    out = tmp_path / "out"
    found = found_nuclei(paths, of_nuclei, out, Brightness())
    rows = list(csv.DictReader((out / "nuclei.csv").open(encoding="utf-8")))
    for path, pixels, result in zip(paths, drawn, found, strict=True):
        labels = read(out / path.stem / "labels.png")
        assert labels.dtype == np.uint16
        assert labels.shape == pixels.shape[:2]
        own = [row for row in rows if row["file"] == path.name]
        assert result.count == len(own) == labels.max()
        for row in own:
            of_it = labels == int(row["nucleus"])
            assert of_it.sum() == float(row["area_px"])
            where = np.argwhere(of_it).mean(axis=0) + 0.5
            assert np.allclose(where, (float(row["y"]), float(row["x"])), atol=2e-3)
            assert row["area_um2"] == ""
            assert 0 < float(row["roundness"]) <= 1
    expected = results(out)
    model = Brightness()
    found_nuclei(paths, of_nuclei, out, model)
    assert results(out) == expected
    assert not model.asked
    # Twice as fine a scan of the same: labels have its size, areas in µm² stay.
    fine = cv2.resize(drawn[0], None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    path = write_picture(tmp_path / "fine.png", fine)
    options = PictureOptions(spacing=0.5)
    (scan,) = found_nuclei([path], of_nuclei, tmp_path / "fine", Brightness(), options=options)
    assert scan.count == found[0].count
    labels = read(tmp_path / "fine" / "fine" / "labels.png")
    assert labels.shape == (440, 600)
    again = list(csv.DictReader((tmp_path / "fine" / "nuclei.csv").open(encoding="utf-8")))
    for one, other in zip(rows, again, strict=False):
        assert float(other["area_um2"]) == pytest.approx(float(one["area_px"]), rel=0.05)
        assert float(other["x"]) == pytest.approx(2 * float(one["x"]), abs=1)
    with pytest.raises(PredictionError, match="not for nuclei"):
        predict_nuclei_pictures(
            paths, ModelLoader(write_tiny_segmentation(tmp_path / "other")), out
        )
