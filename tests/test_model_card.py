"""Cards of models as pages: what they show, what trainings write for them, and what is refused."""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marked_fixtures import write_dsb
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot
from test_models_command import Said
from test_training import options as tile_options
from test_training_segmentation import discs
from test_training_segmentation import options as pixel_options
from tiny_model import write_tiny_package

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli import main
from slideviewer.cli.shell import Shell
from slideviewer.errors import EvaluationError, ModelError, TrainingError
from slideviewer.evaluation.model_card import (
    LARGEST_DATA_BYTES,
    LARGEST_SHEET_BYTES,
    LARGEST_SHEET_PX,
    Bin,
    CardConfusion,
    CardCurve,
    CardData,
    CardLine,
    CardPart,
    Reliability,
    read_card_data,
    read_worst,
)
from slideviewer.evaluation.reports.card_page import card_page, figure_rows, write_card_page
from slideviewer.evaluation.reports.markdown import blocks
from slideviewer.models.export import export_package
from slideviewer.models.install import add_package
from slideviewer.models.package import ModelPackage, open_package, write_package
from slideviewer.models.spec import CARD, CARD_DATA, GOLDEN, WEIGHTS, WORST, Metric
from slideviewer.training import train_tiles
from slideviewer.training.card_data import (
    WORST_SIDE,
    card_files,
    fingerprint,
    history_curves,
    may_be_shown,
    sheet_of,
)
from slideviewer.training.history import EpochRow
from slideviewer.training.pictures.cache import Item, cached
from slideviewer.training.segmentation.baseline import ColourBaseline
from slideviewer.training.segmentation.measuring import Agreement
from slideviewer.training.segmentation.train import train_pixels
from slideviewer.ui.window import MainWindow

METRIC = Metric(name="roc_auc", variant="held out", data="a set", value=0.9, low=0.8, high=0.95)
HOSTILE = (
    "<script>alert(1)</script>\"><img src=x onerror='alert(1)'></title></style>"
    "<iframe src=//evil.example>{{ 7 * 7 }}{% include '/etc/passwd' %} javascript:alert(1)",
    "$\\frac{$ & <b>",
)
INKS = ((200, 30, 30), (30, 160, 30), (40, 40, 200), (200, 180, 20), (120, 40, 140))


class Seen(HTMLParser):
    """The tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(page: str) -> Seen:
    """Look at a page, and make sure that nothing in it can run or be loaded."""
    seen = Seen(page)
    foreign = {"script", "iframe", "object", "embed", "link", "form", "a", "svg", "base", "b"}
    assert not seen.tags & foreign
    assert "default-src 'none'" in page
    for name, value in seen.attributes:
        assert not name.startswith("on") and name not in ("href", "srcdoc", "action")
        assert name != "src" or value.startswith("data:image/png;base64,")
    assert RESEARCH_USE_ONLY in seen.text
    return seen


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_package(tmp_path_factory.mktemp("models") / "tiny", metrics=(METRIC,))


def with_files(
    tiny: ModelPackage, folder: Path, files: Mapping[str, bytes], **changes: object
) -> ModelPackage:
    """The same package in another folder, with more files and other words."""
    kept = {name: tiny.read(name) for name in (WEIGHTS, GOLDEN)}
    spec = tiny.spec.model_validate(tiny.spec.model_dump() | changes)
    return write_package(folder, spec, kept | dict(files))


def squares() -> list[np.ndarray]:
    return [np.full((20, 20, 3), ink, np.uint8) for ink in INKS]


def full(words: str = "Tumor, taken for Background with 0.98") -> CardData:
    bins = (Bin(probability=0.1, true=0.2, count=4), Bin(probability=0.9, true=0.8, count=5))
    line = CardLine(label=words, x=(0.0, 0.5, 1.0), y=(0.0, 0.9, 1.0))
    return CardData(
        data_licence="CC0-1.0",
        columns=("tiles of", "Background", "Tumor"),
        parts=(CardPart(name=words, amounts=("10", "20")),),
        intervals="by tile",
        baseline=words,
        baseline_metrics=(METRIC.model_copy(update={"value": 0.7}),),
        reliability=(
            Reliability(
                of=words,
                data=words,
                variant=words,
                before=bins,
                after=bins,
                brier_before=0.2,
                brier_after=0.1,
            ),
        ),
        curves=(
            CardCurve(kind="roc", title=words, lines=(line,)),
            CardCurve(kind="history", title=words, lines=(line,)),
        ),
        confusions=(
            CardConfusion(title=words, names=(words, "Tumor"), counts=((9, 1), (2, 10**12))),
        ),
        worst=(words,) * len(INKS),
        limits=(words,),
        settings=((words, words),),
        held_out="",
    )


def test_a_page_shows_all_that_a_package_says(tiny: ModelPackage, tmp_path: Path) -> None:
    files = card_files(full(), squares()) | {CARD: b"# Tiny\n\n- one\n- two\n"}
    package = with_files(tiny, tmp_path / "tiny", files, temperature=1.5, parent=tiny.hash)
    page = card_page(package)
    seen = harmless(page)
    for words in (
        *("Tests.", "Nothing.", "CC0-1.0", package.hash, tiny.hash, "ROC AUC"),
        *("0.900 (0.800 to 0.950)", "0.700 (0.800 to 0.950)", "Temperature 1.5", "0.1000"),
        *("Tumor, taken for Background with 0.98", WORST, CARD_DATA),
    ):
        assert words in seen.text, words
    assert page.count("data:image/png") == 1 + 2 + 1 + len(INKS)
    row = figure_rows(package.spec, full())[0]
    assert (row.name, row.over) == ("ROC AUC", "0 tiles")


def test_the_worst_come_out_of_their_sheet_in_order(tiny: ModelPackage, tmp_path: Path) -> None:
    package = with_files(tiny, tmp_path / "tiny", card_files(full(), squares()))
    found = read_worst(package, len(INKS))
    assert len(found) == len(INKS)
    for picture, ink in zip(found, INKS, strict=True):
        assert picture.shape == (WORST_SIDE, WORST_SIDE, 3)
        assert np.abs(picture.mean(axis=(0, 1)) - ink).max() < 8


def test_a_package_without_more_has_a_page_too(tiny: ModelPackage) -> None:
    seen = harmless(card_page(tiny))
    assert "carries no plots" in seen.text and "0.900 (0.800 to 0.950)" in seen.text
    assert read_card_data(tiny) is None and read_worst(tiny, 3) == []


def test_the_bundled_model_has_a_page() -> None:
    package = open_package("tumour-camelyon")
    seen = harmless(card_page(package))
    assert package.spec.title in seen.text and "ROC AUC" in seen.text


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(tiny: ModelPackage, tmp_path: Path, words: str) -> None:
    card = f"# {words}\n\n{words}\n\n- {words}\n\n| {words} | b |\n| --- | --- |\n| {words} | c |\n"
    card += f"\n[x]({words}) ![y](http://evil.example/a.png)\n"
    files = card_files(full(words), squares()) | {CARD: card.encode()}
    changes = {"title": words, "intended_use": words, "trained_on": words, "licence": words}
    package = with_files(tiny, tmp_path / "tiny", files, **changes)
    seen = harmless(card_page(package))
    assert words in seen.text


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=400) | st.text("#-*|` \n<&>a1", max_size=400))
def test_any_card_is_read_and_nothing_of_it_is_lost(text: str) -> None:
    shown = "".join(cell for block in blocks(text) for row in block.rows for cell in row)
    for word in re.findall("[a-z0-9]+", text):
        assert word in shown


def test_a_sheet_that_claims_to_be_vast_is_not_decoded(tiny: ModelPackage, tmp_path: Path) -> None:
    data = bytearray(sheet_of(squares()))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 60000, 60000)
    png = cv2.imencode(".png", np.zeros((4096, 4096, 3), np.uint8))[1].tobytes()
    for number, hostile in enumerate((bytes(data), png, b"", b"\xff\xd8\xff", bytes(200))):
        files = card_files(full()) | {WORST: hostile}
        package = with_files(tiny, tmp_path / str(number), files)
        with pytest.raises(ModelError, match="no JPEG"):
            read_worst(package, 3)
    assert "no JPEG" in harmless(card_page(package)).text


def hidden_size(marker: bytes, width: int, height: int) -> bytes:
    """A JPEG with a small frame where a reader lands that gives this marker a length."""
    white = np.full((height, width, 3), 200, np.uint8)
    body = cv2.imencode(".jpg", white, [cv2.IMWRITE_JPEG_QUALITY, 5])[1].tobytes()[2:]
    first = 2 + int.from_bytes(body[2:4])
    comments = b"".join(b"\xff\xfe" + struct.pack(">H", 65002) + bytes(65000) for _ in range(2))
    data = bytearray(b"\xff\xd8" + marker + body[:first] + comments + body[first:])
    at = 4 + int.from_bytes(body[:2])
    frame = b"\xff\xc0\x00\x11\x08\x03\x00\x04\x00\x03"
    data[at : at + len(frame)] = frame
    return bytes(data)


@pytest.mark.parametrize("marker", [b"\xff\x01", b"\xff\xd0", b"\xff\xd8", b"\xff\xff"])
def test_a_size_that_only_we_would_read_is_not_believed(
    tiny: ModelPackage, tmp_path: Path, marker: bytes
) -> None:
    files = card_files(full()) | {WORST: hidden_size(marker, 2000, 2000)}
    package = with_files(tiny, tmp_path / "tiny", files)
    with pytest.raises(ModelError, match="no JPEG"):
        read_worst(package, 3)


def test_a_sheet_that_is_decoded_otherwise_than_it_said_is_refused(
    tiny: ModelPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = with_files(tiny, tmp_path / "tiny", card_files(full(), squares()))
    larger = np.zeros((2048, 1024, 3), np.uint8)
    monkeypatch.setattr(cv2, "imdecode", lambda *_: larger)
    with pytest.raises(ModelError, match="cannot be decoded"):
        read_worst(package, 3)


def test_a_sheet_is_not_turned(tiny: ModelPackage, tmp_path: Path) -> None:
    plain = sheet_of(squares()[:3])
    turned = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    exif = b"\xff\xe1" + struct.pack(">H", 2 + len(turned)) + turned
    for name, data in (("plain", plain), ("turned", plain[:2] + exif + plain[2:])):
        package = with_files(tiny, tmp_path / name, card_files(full()) | {WORST: data})
        found = read_worst(package, 3)
        assert [it.shape for it in found] == [(256, 256, 3)] * 3


def test_files_beyond_their_bounds_are_refused(tiny: ModelPackage, tmp_path: Path) -> None:
    large = bytes(LARGEST_SHEET_BYTES + 1)
    package = with_files(tiny, tmp_path / "sheet", card_files(full()) | {WORST: large})
    with pytest.raises(ModelError, match="at most"):
        read_worst(package, 1)
    package = with_files(tiny, tmp_path / "data", {CARD_DATA: b" " * (LARGEST_DATA_BYTES + 1)})
    with pytest.raises(ModelError, match="at most"):
        read_card_data(package)
    assert "at most" in harmless(card_page(package)).text


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.integers(0, 10**6))
def test_a_damaged_sheet_is_pictures_or_an_error(
    tiny: ModelPackage, tmp_path: Path, place: int, byte: int, cut: int
) -> None:
    data = bytearray(sheet_of(squares()))
    data[place % len(data)] = byte
    data = data[: len(data) - cut % 200]
    package = with_files(tiny, tmp_path / "tiny", {WORST: bytes(data)})
    try:
        found = read_worst(package, 5)
    except ModelError:
        return
    assert len(found) == 5 and max(found[0].shape[:2]) <= LARGEST_SHEET_PX


@pytest.mark.parametrize(
    "change",
    [
        {"worst": ["x"] * 13},
        {"limits": ["x" * 2001]},
        {"unknown": 1},
        {"curves": [{"kind": "roc", "title": "", "lines": [{"label": "", "x": [1], "y": []}]}]},
        {"curves": [{"kind": "roc", "title": "", "lines": [{"label": "", "x": [9e9], "y": [0]}]}]},
        {"confusions": [{"title": "", "names": ["a", "b"], "counts": [[1, 2]]}]},
        {"settings": [["a", "b", "c"]]},
        {"columns": "abc"},
    ],
)
def test_data_that_says_what_it_must_not(
    tiny: ModelPackage, tmp_path: Path, change: dict[str, object]
) -> None:
    content = json.loads(full().to_json()) | change
    package = with_files(tiny, tmp_path / "tiny", {CARD_DATA: json.dumps(content).encode()})
    with pytest.raises(ModelError, match="What it says is wrong") as raised:
        read_card_data(package)
    assert raised.value.path == package.folder / CARD_DATA
    assert "What it says is wrong" in harmless(card_page(package)).text


def test_data_comes_back_as_it_went(tiny: ModelPackage, tmp_path: Path) -> None:
    package = with_files(tiny, tmp_path / "tiny", card_files(full()))
    assert read_card_data(package) == full()
    (package.folder / CARD_DATA).write_bytes(
        full("other").to_json()[: package.spec.sizes[CARD_DATA]]
    )
    with pytest.raises(ModelError, match="SHA-256"):
        read_card_data(package)


def test_a_matrix_of_very_many_classes_is_left_out() -> None:
    names = tuple(str(number) for number in range(256))
    matrix = CardConfusion(title="", names=names, counts=tuple((10**9,) * 256 for _ in names))
    packed = card_files(full().model_copy(update={"confusions": (matrix,)}))
    assert len(packed[CARD_DATA]) <= LARGEST_DATA_BYTES
    assert CardData.model_validate_json(packed[CARD_DATA]).worst == full().worst


@pytest.mark.parametrize(
    ("licence", "free"),
    [("CC0-1.0", True), ("cc0", True), ("CC-0", True), ("", False), ("CC-BY-4.0", False)],
)
def test_pictures_leave_under_cc0_alone(licence: str, free: bool) -> None:
    assert may_be_shown(licence) == free
    data = full().model_copy(update={"data_licence": licence})
    assert (WORST in card_files(data, squares())) == free


@pytest.fixture(scope="module")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles that hardly differ, so that some are got wrong."""
    folder, rng = tmp_path_factory.mktemp("patches"), np.random.default_rng(3)
    for name, base in (("normal", 120), ("tumor", 128)):
        (folder / name).mkdir()
        for index in range(30):
            pixels = rng.normal(base, 40, (16, 16, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{index}.png"), pixels)
    return folder


@pytest.mark.long
def test_a_training_of_tiles_writes_them(patches: Path, tmp_path: Path) -> None:
    chosen = tile_options(patches, tmp_path / "dots")
    chosen = replace(chosen, fit=replace(chosen.fit, epochs=1), data_licence="CC0-1.0")
    package = train_tiles(chosen)
    data = read_card_data(package)
    assert data is not None and data.worst and data.baseline.startswith("colour histogram")
    assert {metric.name for metric in data.baseline_metrics} >= {"roc_auc", "f1"}
    assert {curve.kind for curve in data.curves} == {"roc", "history"}
    (reliability,) = data.reliability
    held_out = sum(map(sum, data.confusions[0].counts))
    assert sum(bin_.count for bin_ in reliability.after) == held_out
    assert len(read_worst(package, len(data.worst))) == len(data.worst)
    wrong = held_out - sum(row[at] for at, row in enumerate(data.confusions[0].counts))
    assert len(data.worst) == min(12, wrong)
    harmless(card_page(package))
    export_package(package, tmp_path / "dots.zip")
    installed = add_package(tmp_path / "dots.zip", replace=True)
    assert installed.read(WORST) == package.read(WORST)
    secret = train_tiles(replace(chosen, out=tmp_path / "secret", data_licence="not stated"))
    assert WORST not in secret.spec.files and read_card_data(secret) is not None
    assert "Only pictures that anybody may have" in card_page(secret)


def test_a_training_of_pixels_stands_beside_a_plain_one(tmp_path: Path) -> None:
    data = discs(write_dsb(tmp_path / "dsb"))
    chosen = pixel_options(
        tmp_path / "plain", name="plain", epochs=1, repeats=1, data_licence="CC0"
    )
    plain = train_pixels(chosen, data)
    found = read_card_data(plain)
    assert found is not None and found.baseline.startswith("colour of each pixel")
    assert [it.name for it in found.baseline_metrics] == [it.name for it in plain.spec.metrics]
    assert found.worst and len(read_worst(plain, len(found.worst))) == len(found.worst)
    assert "colour of each pixel" in plain.read(CARD).decode()
    beside = replace(chosen, out=tmp_path / "other", name="other", baseline=str(plain.folder))
    other = train_pixels(beside, data)
    found = read_card_data(other)
    assert found is not None and found.baseline == "plain, a plain U-Net of 8 to 8 channels"
    assert found.baseline_metrics == plain.spec.metrics
    harmless(card_page(other))
    with pytest.raises(TrainingError, match="held out other pictures"):
        train_pixels(replace(beside, out=tmp_path / "third", seed=4), data)
    with pytest.raises(TrainingError, match="cannot be compared"):
        train_pixels(replace(beside, out=tmp_path / "fourth", spacing_um_px=0.7), data)


def test_colour_alone_finds_what_has_a_colour_of_its_own(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)

    def items() -> Iterator[Item]:
        for number in range(3):
            marked = np.zeros((60, 80, 2), np.uint8)
            marked[10:30, 20:60, 0] = 1
            pixels = np.where(marked[..., :1] > 0, (150, 60, 120), (230, 200, 220))
            noisy = np.clip(pixels + rng.normal(0, 12, pixels.shape), 0, 255).astype(np.uint8)
            yield f"{number}.png", str(number), noisy, marked

    cache = cached(tmp_path / "cache", {}, 2, items())
    baseline = ColourBaseline(cache, [0, 1])
    ((number, answers),) = baseline.answers(cache, [2])
    _, marked = cache.whole(number)
    assert answers.shape == (60, 80, 2) and answers.dtype == np.float32
    assert Agreement.of(marked[..., 0] > 0, answers[..., 0] >= 0.5).dice > 0.95
    assert not answers[..., 1].any(), "of what is nowhere marked nothing can be learnt"


def test_a_history_becomes_curves_without_what_is_no_number() -> None:
    rows = [
        EpochRow(
            1, 1, "", 1.0, {"loss": 2.0, "val_loss": float("nan"), "val_dice central 60 %": 1}
        ),
        EpochRow(1, 2, "", 1.0, {"loss": 1.0, "val_loss": 1.5}),
        EpochRow(2, 1, "", 1.0, {"loss": 0.5, "val_loss": float("inf")}),
    ]
    (curve,) = history_curves(rows)
    assert [(it.label, it.x, it.y) for it in curve.lines] == [
        ("training", (1.0, 2.0, 3.0), (2.0, 1.0, 0.5)),
        ("held out", (2.0,), (1.5,)),
    ]
    long = [EpochRow(1, at, "", 1.0, {"loss": 1.0}) for at in range(5000)]
    assert len(history_curves(long)[0].lines[0].x) <= 200


def test_what_is_held_out_is_known_without_its_names() -> None:
    assert fingerprint(["b", "a"]) == fingerprint(["a", "b"]) != fingerprint(["a", "c"])
    assert fingerprint(["ab"]) != fingerprint(["a", "b"])


def test_the_command_writes_the_page(
    tiny: ModelPackage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said, page = Said(capsys), tmp_path / "new" / "card.html"
    files = {CARD: b"# Tiny\n\n\x1b[31mred\x1b[0m and plain\n"}
    package = with_files(tiny, tmp_path / "tiny", files)
    text = said("card", package.folder)
    assert "# Tiny" in text and "\x1b" not in text and RESEARCH_USE_ONLY in text
    assert str(page) in said("card", package.folder, "--html", page)
    assert harmless(page.read_text("utf-8")).text.count(package.hash) == 2
    assert "a file of this name" in said("card", package.folder, "--html", page, code=2)
    said("card", package.folder, "--html", page, "--overwrite")
    assert "no card in words" in said("card", tiny.folder)
    assert main(["models", "card", "nowhere"], Shell) == 2  # type: ignore[arg-type]
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(EvaluationError, match="cannot be written"):
        write_card_page(package, blocked / "card.html")


@pytest.mark.parametrize("has_browser", [True, False])
def test_the_window_opens_the_card(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, has_browser: bool
) -> None:
    opened: list[str] = []

    def open_url(url: object) -> bool:
        opened.append(url.toLocalFile())  # type: ignore[attr-defined]
        return has_browser

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    action = window.named_actions["show_card"]
    assert action in window.prediction.chooser.actions()
    action.trigger()
    qtbot.waitUntil(lambda: bool(opened), timeout=20_000)
    package = window.prediction.chooser.currentData()
    assert package.hash in harmless(Path(opened[0]).read_text("utf-8")).text
    assert any(opened[0] in text for text in window.notices.texts) != has_browser
