"""Taking packages over: whole ones are installed, hostile ones leave nothing behind."""

import contextlib
import io
import json
import shutil
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_model import write_tiny_package, write_tiny_segmentation

from slideviewer.errors import Cancelled, ModelError
from slideviewer.models import ModelPackage, available_packages, open_package, write_package
from slideviewer.models.archive import DAMAGE
from slideviewer.models.arrays import pack_arrays, unpack_arrays
from slideviewer.models.export import export_package
from slideviewer.models.install import add_package, verify_package
from slideviewer.models.spec import CONFIG, GOLDEN, WEIGHTS, ModelSpec
from slideviewer.models.unpacking import MOST_MEMBERS, unpack_package
from slideviewer.paths import user_models_folder
from slideviewer.progress import Step

SPEC = ModelSpec(
    architecture="tile-small",
    num_classes=2,
    class_names=("Normal", "Tumor"),
    patch_size_pixels=32,
    spacing_um_px=0.5,
    name="small",
    title="Small",
    licence="CC0",
    intended_use="Tests.",
    trained_on="Nothing.",
    target_class="Tumor",
)


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    return write_tiny_package(tmp_path / "tiny")


def parts_of(package: ModelPackage) -> dict[str, bytes]:
    return {name: package.read(name) for name in (CONFIG, *package.spec.files)}


def zipped(path: Path, parts: dict[str, bytes], top: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(top + name, data)
    return path


def installed() -> list[str]:
    """What lies in the user's folder, hidden things included."""
    place = user_models_folder()
    return sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []


def refused(path: Path, reason: str) -> None:
    before = installed()
    with pytest.raises(ModelError, match=reason) as error:
        add_package(path)
    assert str(path) in str(error.value)
    assert ".installing" not in str(error.value)
    assert installed() == before == []


def test_a_folder_is_installed_and_nothing_else_of_it(package: ModelPackage) -> None:
    (package.folder / "notes.txt").write_text("mine")
    (package.folder / "run.py").write_text("raise SystemExit")
    added = add_package(package.folder)
    assert added.origin == "user" and added.hash == package.hash
    assert {entry.name for entry in added.folder.iterdir()} == {CONFIG, *package.spec.files}
    assert open_package("tiny").hash == package.hash
    assert installed() == ["tiny"]
    assert added.folder.stat().st_mode == package.folder.stat().st_mode


def test_the_configuration_stands_for_its_folder(package: ModelPackage) -> None:
    assert add_package(package.folder / CONFIG).hash == package.hash


@pytest.mark.parametrize("top", ["", "tiny/", "any folder/"])
def test_a_zip_is_installed(tmp_path: Path, package: ModelPackage, top: str) -> None:
    junk = {"README.md": b"notes", "__MACOSX/._config.json": b"\0", ".DS_Store": b"\0"}
    parts = {top + name: data for name, data in parts_of(package).items()} | junk
    assert add_package(zipped(tmp_path / "a.zip", parts)).hash == package.hash
    assert {entry.name for entry in (user_models_folder() / "tiny").iterdir()} == {
        CONFIG,
        *package.spec.files,
    }


def test_a_segmentation_is_installed_from_a_zip(tmp_path: Path) -> None:
    package = write_tiny_segmentation(tmp_path / "areas")
    export_package(package, tmp_path / "areas.zip")
    assert add_package(tmp_path / "areas.zip").spec.task == "segmentation"


def test_an_installed_one_stays_unless_it_shall_be_replaced(
    tmp_path: Path, package: ModelPackage
) -> None:
    first = add_package(package.folder)
    (first.folder / "NOTES.md").write_text("mine")
    second = write_tiny_package(tmp_path / "again" / "tiny", seed=2)
    with pytest.raises(ModelError, match=r"installed already.*--replace"):
        add_package(second.folder)
    assert open_package("tiny").hash == package.hash
    assert add_package(second.folder, replace=True).hash == second.hash != package.hash
    assert (first.folder / "NOTES.md").read_text() == "mine"
    assert installed() == ["tiny"]


def test_a_failing_replacement_leaves_the_former(tmp_path: Path, package: ModelPackage) -> None:
    add_package(package.folder)
    bad = zipped(tmp_path / "bad.zip", parts_of(package) | {WEIGHTS: b"other"})
    with pytest.raises(ModelError):
        add_package(bad, replace=True)
    assert verify_package("tiny").hash == package.hash
    assert installed() == ["tiny"]


def test_a_damaged_installed_one_can_be_replaced(package: ModelPackage) -> None:
    folder = add_package(package.folder).folder
    (folder / WEIGHTS).write_bytes(b"")
    with pytest.raises(ModelError, match="weights"):
        open_package("tiny")
    assert add_package(package.folder, replace=True).hash == package.hash
    verify_package("tiny")


def test_no_other_takes_the_name_of_a_bundled_model(tmp_path: Path) -> None:
    package = write_tiny_package(tmp_path / "mine", name="tumour-camelyon")
    with pytest.raises(ModelError, match="comes with the program"):
        add_package(package.folder, replace=True)
    assert installed() == []


@pytest.mark.parametrize("last", range(4))
def test_cancelling_leaves_nothing(package: ModelPackage, last: int) -> None:
    def cancel(step: Step) -> None:
        if step.done == last:
            raise Cancelled

    with pytest.raises(Cancelled):
        add_package(package.folder, cancel)
    assert installed() == []


def test_a_folder_that_cannot_be_made_is_said(package: ModelPackage, user_folder: Path) -> None:
    (user_folder / "models").write_text("in the way")
    with pytest.raises(ModelError, match="cannot be installed"):
        add_package(package.folder)


def test_what_is_not_there_or_no_package(tmp_path: Path) -> None:
    refused(tmp_path / "nothing.zip", "no such file")
    refused(zipped(tmp_path / "other.zip", {"thesis.txt": b"mine"}), r"no config\.json")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"no config\.json")


@pytest.mark.parametrize(
    "name",
    [
        "../weights.npz",
        "tiny/../../weights.npz",
        "/etc/cron.d/job",
        "C:/job.md",
        "..\\job.md",
        "a//b.md",
        "line\nbreak.md",
    ],
)
def test_a_name_that_leads_out_of_the_zip(tmp_path: Path, package: ModelPackage, name: str) -> None:
    refused(zipped(tmp_path / "a.zip", parts_of(package) | {name: b"x"}), "leads out of it")
    assert not (tmp_path / "weights.npz").exists()


def test_a_link_in_the_zip(tmp_path: Path, package: ModelPackage) -> None:
    path = zipped(tmp_path / "a.zip", parts_of(package))
    link = zipfile.ZipInfo("CARD.md")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(path, "a link and no plain file")


def test_a_link_in_the_folder(tmp_path: Path, package: ModelPackage) -> None:
    (tmp_path / "secret").write_bytes(package.read(WEIGHTS))
    (package.folder / WEIGHTS).unlink()
    (package.folder / WEIGHTS).symlink_to(tmp_path / "secret")
    refused(package.folder, "not a plain file inside")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(tmp_path: Path, package: ModelPackage) -> None:
    path = zipped(tmp_path / "a.zip", parts_of(package))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(WEIGHTS, b"others")
    refused(path, "twice")


def test_too_many_files(tmp_path: Path, package: ModelPackage) -> None:
    many = {f"{number}.md": b"" for number in range(MOST_MEMBERS)}
    refused(zipped(tmp_path / "a.zip", parts_of(package) | many), "files, where 64 are allowed")


def stated(path: Path, name: str, size: int) -> Path:
    """Let a zip state another size of what one of its files unpacks to."""
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(name)
    encoded = name.encode()
    central = data.rindex(encoded) - 46
    assert data[central : central + 4] == b"PK\x01\x02"
    for place in (central + 24, member.header_offset + 22):
        data[place : place + 4] = struct.pack("<I", size)
    path.write_bytes(data)
    return path


def test_a_file_that_states_ten_gigabytes(tmp_path: Path, package: ModelPackage) -> None:
    path = zipped(tmp_path / "a.zip", parts_of(package))
    refused(stated(path, WEIGHTS, 3 << 30), r"unpacks to 3,221,225,472 bytes")


def test_a_bomb_that_states_little_fills_no_memory(tmp_path: Path, package: ModelPackage) -> None:
    config = json.loads(package.read(CONFIG))
    config["files"]["CARD.md"] = "0" * 64
    config["sizes"]["CARD.md"] = 100
    parts = {CONFIG: json.dumps(config).encode(), "CARD.md": bytes(64 << 20)}
    path = stated(zipped(tmp_path / "a.zip", parts_of(package) | parts), "CARD.md", 100)
    tracemalloc.start()
    refused(path, "cannot be unpacked")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


def test_arrays_that_state_little_fill_no_memory(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.npz", {"a.npy": bytes(64 << 20)})
    data = stated(path, "a.npy", 100).read_bytes()
    tracemalloc.start()
    with pytest.raises(ModelError, match="unpacked"):
        unpack_arrays(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_piece_by_piece(
    tmp_path: Path, package: ModelPackage, method: int
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in parts_of(package).items():
            archive.writestr(name, data)
    refused(path, "packed in a way that packages do not use")


def test_a_cut_off_or_encrypted_zip(tmp_path: Path, package: ModelPackage) -> None:
    path = zipped(tmp_path / "a.zip", parts_of(package))
    whole = path.read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.zip", "was cut off")
    flagged = bytearray(whole)
    for place in (6, whole.index(b"PK\x01\x02") + 8):
        flagged[place] |= 1
    path.write_bytes(flagged)
    refused(path, "cannot be unpacked.*encrypted")


@settings(max_examples=100)
@given(
    places=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=8),
    length=st.integers(0, 10_000),
)
def test_damaged_zips_only_raise_what_is_known(
    tmp_path_factory: pytest.TempPathFactory,
    places: list[tuple[int, int]],
    length: int,
) -> None:
    place = tmp_path_factory.mktemp("damaged")
    small = {WEIGHTS: b"weights" * 20, GOLDEN: b"golden"}
    package = write_package(place / "small", SPEC, small)
    data = bytearray(zipped(place / "a.zip", parts_of(package), "small/").read_bytes())
    for where, value in places:
        data[where % len(data)] = value
    (place / "a.zip").write_bytes(data[: max(1, len(data) - length)] if length % 2 else data)
    out = place / "out"
    out.mkdir()
    with contextlib.suppress(ModelError, *DAMAGE):
        unpack_package(place / "a.zip", out)
    assert {entry.name for entry in out.iterdir()} <= {CONFIG, WEIGHTS, GOLDEN}
    assert {entry.name for entry in place.iterdir()} == {"small", "a.zip", "out"}


def test_a_wrong_hash(tmp_path: Path, package: ModelPackage) -> None:
    other = package.read(WEIGHTS)[:-1] + b"\x01"
    refused(zipped(tmp_path / "a.zip", parts_of(package) | {WEIGHTS: other}), "SHA-256")


def test_a_wrong_hash_is_found_before_anything_is_parsed(
    tmp_path: Path, package: ModelPackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[bytes] = []
    monkeypatch.setattr("slideviewer.models.loading.unpack_arrays", parsed.append)
    monkeypatch.setattr("slideviewer.models.loading.build_network", lambda *_, **__: parsed)
    other = zipped(tmp_path / "a.zip", parts_of(package) | {GOLDEN: b"x" * 10})
    refused(other, "golden.npz")
    assert parsed == []


def test_a_listed_file_that_is_missing(tmp_path: Path, package: ModelPackage) -> None:
    parts = parts_of(package)
    del parts[GOLDEN]
    refused(zipped(tmp_path / "a.zip", parts), r"golden\.npz: It cannot be read")


def rewritten(tmp_path: Path, package: ModelPackage, **files: bytes) -> Path:
    """A package whose hashes are right and whose files are others."""
    parts = {name: package.read(name) for name in package.spec.files}
    parts |= {name.replace("_", "."): data for name, data in files.items()}
    return write_package(tmp_path / "hostile" / "tiny", package.spec, parts).folder


def test_a_wrong_golden_output(tmp_path: Path, package: ModelPackage) -> None:
    golden = unpack_arrays(package.read(GOLDEN))
    golden["probabilities"] = 1 - golden["probabilities"].astype(np.float32)
    refused(
        rewritten(tmp_path, package, golden_npz=pack_arrays(golden)), "misses its own golden sample"
    )


def test_weights_with_a_pickle_in_them(tmp_path: Path, package: ModelPackage) -> None:
    trap = tmp_path / "sprung"

    class Trap:
        def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
            return (Path.touch, (trap,))

    out = io.BytesIO()
    np.savez(out, a=np.array([Trap()], object))
    refused(rewritten(tmp_path, package, weights_npz=out.getvalue()), "plain row-major numbers")
    assert not trap.exists()


def test_weights_of_ten_gigabytes_in_a_few_bytes(tmp_path: Path, package: ModelPackage) -> None:
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "<f4", "fortran_order": False, "shape": (50_000, 50_000)}
    )
    path = zipped(tmp_path / "w.npz", {"stem/kernel.npy": head.getvalue() + bytes(64)})
    refused(rewritten(tmp_path, package, weights_npz=path.read_bytes()), "does not hold what its")


def test_weights_in_hdf5_under_another_name(tmp_path: Path, package: ModelPackage) -> None:
    import h5py

    path = tmp_path / "w.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("a", (4,), "<f4", external=[("/etc/passwd", 0, h5py.h5f.UNLIMITED)])
    refused(rewritten(tmp_path, package, weights_npz=path.read_bytes()), "cannot be unpacked")


@pytest.mark.parametrize(
    ("architecture", "config", "patch"),
    [
        ("tile-small", {"widths": [2048] * 6, "depths": [16] * 6}, 32),
        ("unet", {"filters": [2048] * 5, "kernel": 7, "convolutions": 4}, 32),
        ("unet", {"filters": [2048, 2048]}, 2048),
        ("tile-small", {"stem": 2048, "stem_stride": 1}, 2048),
    ],
)
def test_a_network_that_would_fill_the_memory(
    tmp_path: Path,
    package: ModelPackage,
    architecture: str,
    config: dict[str, object],
    patch: int,
) -> None:
    changes: dict[str, object] = {
        "architecture": architecture,
        "architecture_config": config,
        "patch_size_pixels": patch,
    }
    if architecture == "unet":
        changes |= {"task": "segmentation"}
    hostile = package.spec.model_copy(update=changes)
    parts = {name: package.read(name) for name in package.spec.files}
    folder = write_package(tmp_path / "hostile" / "tiny", hostile, parts).folder
    refused(folder, "The network would have")


def test_verifying_finds_what_listing_does_not(package: ModelPackage) -> None:
    folder = add_package(package.folder).folder
    verify_package("tiny")
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(data)
    assert {found.name: found.error for found in available_packages()}["tiny"] is None
    with pytest.raises(ModelError, match="SHA-256"):
        verify_package("tiny")


def test_a_former_one_left_by_a_crash_is_in_nobody_s_way(package: ModelPackage) -> None:
    folder = add_package(package.folder).folder
    shutil.copytree(folder, folder.with_name(".former-tiny"))
    add_package(package.folder, replace=True)
    assert installed() == ["tiny"]


def test_an_exported_zip_is_the_same_each_time_and_comes_back(
    tmp_path: Path, package: ModelPackage
) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    export_package(package, first)
    (package.folder / WEIGHTS).touch()
    export_package(open_package(package.folder), second)
    assert first.read_bytes() == second.read_bytes()
    assert add_package(first).hash == package.hash
    with pytest.raises(ModelError, match="already"):
        export_package(package, first)
    export_package(package, first, overwrite=True)


def test_a_damaged_package_is_not_exported(tmp_path: Path, package: ModelPackage) -> None:
    (package.folder / WEIGHTS).write_bytes(b"other")
    with pytest.raises(ModelError, match="SHA-256"):
        export_package(package, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
