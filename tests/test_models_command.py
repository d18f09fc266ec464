"""`slideviewer models`, as it is typed."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli import main
from slideviewer.cli.shell import Shell
from slideviewer.errors import ModelError
from slideviewer.models import ModelPackage, open_package
from slideviewer.models.export import export_package
from slideviewer.models.package import available_packages
from slideviewer.models.spec import WEIGHTS
from slideviewer.models.wsinfer import WSInferConfig, read_wsinfer
from slideviewer.paths import user_models_folder

ZOO = {
    "spec_version": "1.0",
    "architecture": "resnet34",
    "num_classes": 2,
    "class_names": ["Other", "Tumor"],
    "patch_size_pixels": 350,
    "spacing_um_px": 0.25,
    "transform": [
        {"name": "Resize", "arguments": {"size": 224}},
        {"name": "ToTensor"},
        {"name": "Normalize", "arguments": {"mean": [0.7, 0.6, 0.7], "std": [0.1, 0.1, 0.1]}},
    ],
}


class Said:
    """Runs commands and keeps what they say."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: object, code: int = 0) -> str:
        ended = main(["models", *map(str, words)], Shell)  # type: ignore[arg-type]
        captured = self._capsys.readouterr()
        assert ended == code, captured
        if code:
            assert captured.err.count("\n") <= 1
        return captured.out + captured.err


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(capsys)


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    return write_tiny_package(tmp_path / "tiny")


def test_a_model_goes_out_as_a_zip_and_comes_in_again(
    said: Said, tmp_path: Path, package: ModelPackage
) -> None:
    archive = tmp_path / "out.zip"
    assert RESEARCH_USE_ONLY in said("export", package.folder, "--out", archive)
    assert "already" in said("export", package.folder, "--out", archive, code=2)
    assert str(user_models_folder() / "tiny") in said("add", archive)
    assert "--replace" in said("add", archive, code=2)
    said("add", archive, "--replace")
    assert "tiny " in said("list")
    assert open_package("tiny").hash == package.hash


def test_show_tells_what_a_caller_has_to_know(
    said: Said, tmp_path: Path, package: ModelPackage
) -> None:
    shown = said("show", package.folder)
    for words in (
        "tile-classification",
        "one class",
        "0.001",
        WEIGHTS,
        package.spec.files[WEIGHTS],
    ):
        assert words in shown
    assert "answers for" not in shown
    centred = write_tiny_package(tmp_path / "centred", centre_size_pixels=16)
    assert "the middle 16 px" in said("show", centred.folder)
    areas = write_tiny_segmentation(tmp_path / "areas")
    shown = said("show", areas.folder)
    assert "segmentation" in shown and "any number of classes" in shown


def test_nothing_in_a_package_steers_the_terminal(said: Said, tmp_path: Path) -> None:
    package = write_tiny_package(tmp_path / "tiny", title="Harmless\x1b[2J\nlicence   CC0")
    shown = said("show", package.folder)
    assert "\x1b" not in shown and "Harmless [2J licence CC0" in shown


def test_verify_looks_at_all_models_and_tells_the_damaged_one(
    said: Said, package: ModelPackage
) -> None:
    said("add", package.folder)
    known = len(available_packages())
    assert said("verify").count("whole, and answers its sample") == known
    weights = user_models_folder() / "tiny" / WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    told = said("verify", code=2)
    assert re.search("tumour-camelyon +whole", told) and re.search("tiny +damaged", told)
    assert told.count("whole, and answers its sample") == known - 1
    assert "whole" in said("verify", "tumour-camelyon")
    assert "no model" in said("verify", "nonesuch", code=2)


def test_the_list_tells_what_can_be_downloaded(
    said: Said, tmp_path: Path, package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_package(package, tmp_path / "tiny.zip")
    data = (tmp_path / "tiny.zip").read_bytes()
    entry = {
        "name": "tiny",
        "title": "Tiny model of a test",
        "licence": "CC0",
        "urls": ["http://127.0.0.1:9/tiny.zip"],
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
    }
    registry = tmp_path / "registry.json"
    registry.write_text(json.dumps({"version": 1, "models": [entry]}))
    monkeypatch.setenv("SLIDEVIEWER_REGISTRY", str(registry))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert "not here yet: slideviewer models fetch tiny" in said("list")
    assert json.loads(said("list", "--json"))[-1] == {**entry, "origin": "registry"}
    told = said("fetch", "tiny", code=2)
    assert "http://127.0.0.1:9/tiny.zip" in told and "no connection" in told
    said("add", tmp_path / "tiny.zip")
    assert "not here yet" not in said("list")
    registry.write_text("{")
    told = said("list")
    assert "tumour-camelyon" in told and "list of models to download is wrong" in told


def test_nothing_to_download_is_said(said: Said) -> None:
    assert 'no model "nonesuch" to download' in said("fetch", "nonesuch", code=2)


def test_a_package_as_a_configuration_of_the_wsinfer_zoo(
    said: Said, tmp_path: Path, package: ModelPackage
) -> None:
    out = tmp_path / "config.json"
    said("export", "tumour-camelyon", "--wsinfer", "--out", out)
    written = json.loads(out.read_text())
    assert list(written) == [
        "spec_version",
        "architecture",
        "num_classes",
        "class_names",
        "patch_size_pixels",
        "spacing_um_px",
        "transform",
    ]
    spec = open_package("tumour-camelyon").spec
    assert written["class_names"] == list(spec.class_names)
    assert read_wsinfer(out).patch_um == pytest.approx(spec.patch_um)
    said("export", package.folder, "--wsinfer", "--out", out, "--overwrite")
    assert json.loads(out.read_text())["transform"] == [
        {"name": "Resize", "arguments": {"size": 32}}
    ]
    areas = write_tiny_segmentation(tmp_path / "areas")
    told = said("export", areas.folder, "--wsinfer", "--out", tmp_path / "b.json", code=2)
    assert "tile classifiers" in told
    assert not (tmp_path / "b.json").exists()


def test_a_wsinfer_configuration_says_what_it_is(said: Said, tmp_path: Path) -> None:
    zoo = tmp_path / "breast.json"
    zoo.write_text(json.dumps(ZOO))
    told = said("add", zoo, code=2)
    assert "resnet34" in told and "PyTorch" in told and f"--like {zoo}" in told
    assert list(user_models_folder().iterdir()) == []


@pytest.mark.parametrize(
    ("transform", "pixels"),
    [
        (ZOO["transform"], 224),
        ([{"name": "ToTensor"}], 350),
        ([{"name": "Resize", "arguments": {"size": [299, 299]}}], 299),
        ([{"name": "Resize", "arguments": {"size": [299, 200]}}], 350),
        ([{"name": "Resize", "arguments": {"size": "large"}}], 350),
    ],
)
def test_what_the_network_sees_covers_the_same_tissue(transform: object, pixels: int) -> None:
    config = WSInferConfig.model_validate_json(json.dumps(ZOO | {"transform": transform}))
    assert config.network_pixels == pixels
    assert config.patch_um == 87.5


@pytest.mark.parametrize(
    "changes",
    [
        {"spec_version": "2.0"},
        {"num_classes": 3},
        {"spacing_um_px": 0},
        {"class_names": []},
        {"transform": [{"name": "Exec", "arguments": {}}]},
    ],
)
def test_configurations_of_no_zoo(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(ZOO | changes))
    with pytest.raises(ModelError, match=r"config\.json"):
        read_wsinfer(path)
