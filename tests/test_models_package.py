"""Model packages: what is opened, what is refused, and why."""

import contextlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slideviewer import paths
from slideviewer.errors import ModelError
from slideviewer.models import ModelSpec, available_packages, open_package, write_package
from slideviewer.models.arrays import pack_arrays, unpack_arrays
from slideviewer.models.spec import LARGEST_CONFIG_BYTES

FILES = {"weights.npz": b"weights", "golden.npz": b"golden", "CARD.md": b"# A card"}


def spec(**changes: object) -> ModelSpec:
    values: dict[str, object] = {
        "architecture": "tile-small",
        "num_classes": 2,
        "class_names": ("Normal", "Tumor"),
        "patch_size_pixels": 32,
        "spacing_um_px": 0.5,
        "name": "small",
        "title": "Small",
        "licence": "CC0",
        "intended_use": "Tests.",
        "trained_on": "Nothing.",
        "target_class": "Tumor",
    }
    return ModelSpec.model_validate(values | changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_package(tmp_path / "small", spec(), FILES)
    return tmp_path / "small"


def edit(folder: Path, **changes: object) -> None:
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))


def test_round_trip(folder: Path) -> None:
    package = open_package(folder)
    assert package.spec.class_names == ("Normal", "Tumor")
    assert package.spec.target == 1
    assert package.spec.patch_um == 16
    assert package.read("CARD.md") == b"# A card"
    assert package.origin == "path"
    assert ModelSpec.from_json(package.spec.to_json()) == package.spec
    assert open_package(folder / "config.json").hash == open_package(str(folder)).hash


def test_the_hash_names_every_file(tmp_path: Path) -> None:
    first = write_package(tmp_path / "a", spec(), FILES)
    same = write_package(tmp_path / "b", spec(), FILES)
    other = write_package(tmp_path / "c", spec(), FILES | {"weights.npz": b"others"})
    assert first.hash == same.hash != other.hash


def test_writing_over_a_package_keeps_notes(folder: Path) -> None:
    (folder / "README.md").write_text("notes")
    again = write_package(folder, spec(title="Second"), FILES)
    assert open_package(folder).spec.title == again.spec.title == "Second"
    assert (folder / "README.md").read_text() == "notes"


def test_other_work_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("mine")
    with pytest.raises(ModelError, match=r"thesis\.docx"):
        write_package(tmp_path, spec(), FILES)
    with pytest.raises(ModelError, match="file, not a folder"):
        write_package(tmp_path / "thesis.docx", spec(), FILES)


def test_a_changed_file_is_refused(folder: Path) -> None:
    (folder / "weights.npz").write_bytes(b"other!!")
    with pytest.raises(ModelError, match=r"weights\.npz.*SHA-256"):
        open_package(folder)


def test_a_missing_file_is_refused(folder: Path) -> None:
    (folder / "golden.npz").unlink()
    with pytest.raises(ModelError, match=r"golden\.npz: .*cannot be read"):
        open_package(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(FILES["weights.npz"])
    (folder / "weights.npz").unlink()
    (folder / "weights.npz").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="not a plain file inside"):
        open_package(folder)


@pytest.mark.parametrize(
    "name",
    [
        "../weights.npz",
        "/etc/weights.npz",
        "sub/weights.npz",
        "..\\weights.npz",
        "model.h5",
        "model.pkl",
        "saved_model.pb",
        "weights.npz\n",
        ".npz",
        "C:weights.npz",
    ],
)
def test_file_names_that_are_refused(folder: Path, name: str) -> None:
    files = json.loads((folder / "config.json").read_text())["files"]
    edit(folder, files=files | {name: "0" * 64})
    with pytest.raises(ModelError, match="files"):
        open_package(folder)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("spec_version", "2.0"),
        ("num_classes", 3),
        ("num_classes", "2"),
        ("class_names", ["Tumor", "Tumor"]),
        ("target_class", "Fat"),
        ("patch_size_pixels", 100_000),
        ("spacing_um_px", 0),
        ("threshold", 1.5),
        ("temperature", 0),
        ("name", "../up"),
        ("task", "mind reading"),
        ("transform", [{"name": "Normalize", "arguments": {}}]),
        ("unknown", 1),
        ("files", {}),
    ],
)
def test_configurations_that_are_refused(folder: Path, field: str, value: object) -> None:
    edit(folder, **{field: value})
    with pytest.raises(ModelError, match=r"config\.json") as refused:
        open_package(folder)
    assert refused.value.remedy
    for raw in ("String", "Input", "Value error", "Extra", "pattern", "[key]"):
        assert raw not in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b"null", b"[" * 100_000, b"\xff\xfe", b'{"threshold": NaN}']
)
def test_damaged_configurations_are_refused(folder: Path, content: bytes) -> None:
    (folder / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        open_package(folder)


def test_a_huge_configuration_is_not_parsed(folder: Path) -> None:
    (folder / "config.json").write_bytes(b" " * (LARGEST_CONFIG_BYTES + 1))
    with pytest.raises(ModelError, match="larger than"):
        open_package(folder)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model.h5", "Python code.*external storage"),
        ("model.keras", "foreign code.*external storage"),
        ("model.pkl", "runs whatever code"),
        ("model.pt", "pickle or a program"),
        ("saved_model.pb", "a program, which would run"),
    ],
)
def test_foreign_models_are_refused_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / name).write_bytes(b"anything")
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(ModelError, match=reason):
            open_package(path)


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(ModelError, match='no model "nonesuch"'):
        open_package("nonesuch")
    with pytest.raises(ModelError, match="no model package"):
        open_package(Path(__file__).parent)


def test_a_damaged_package_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slideviewer.models.package.user_models_folder", lambda: tmp_path)
    monkeypatch.setattr("slideviewer.models.package.bundled_models_folder", lambda: tmp_path / "no")
    write_package(tmp_path / "bad", spec(name="bad"), FILES)
    write_package(tmp_path / "good", spec(name="good"), FILES)
    (tmp_path / "bad" / "weights.npz").write_bytes(b"")
    bad, good = available_packages()
    assert bad.name == "bad" and bad.package is None
    assert "weights.npz: It has 0 bytes, where config.json says 7" in str(bad.error)
    (tmp_path / "bad" / "weights.npz").unlink()
    assert "cannot be read" in str(available_packages()[0].error)
    assert good.package is not None and good.package.origin == "user"
    assert open_package("good").spec.name == "good"


def test_looking_through_packages_reads_no_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slideviewer.models.package.user_models_folder", lambda: tmp_path)
    monkeypatch.setattr("slideviewer.models.package.bundled_models_folder", lambda: tmp_path / "no")
    write_package(tmp_path / "changed", spec(name="changed"), FILES)
    (tmp_path / "changed" / "weights.npz").write_bytes(b"WEIGHTS")
    (listed,) = available_packages()
    assert listed.package is not None
    with pytest.raises(ModelError, match="SHA-256"):  # but whoever uses them hashes them
        listed.package.read("weights.npz")
    with pytest.raises(ModelError, match="SHA-256"):
        open_package("changed")


def test_sizes_and_hashes_are_of_the_same_files(folder: Path) -> None:
    edit(folder, sizes={"weights.npz": 7})
    with pytest.raises(ModelError, match="sizes are of other files"):
        open_package(folder)
    edit(folder, sizes={})  # as in packages from before there were sizes
    assert open_package(folder).spec.name == "small"


def test_every_bundled_package_is_whole_and_small() -> None:
    folders = [folder for folder in paths.bundled_models_folder().iterdir() if folder.is_dir()]
    for folder in folders:
        package = open_package(folder.name)
        assert package.origin == "bundled"
        assert package.spec.name == folder.name
        assert sum(path.stat().st_size for path in folder.iterdir()) <= 10_000_000


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text("abc/", min_size=1, max_size=5),
        hnp.arrays(
            st.sampled_from([np.float16, np.float32, np.uint8]), hnp.array_shapes(max_side=4)
        ),
        max_size=3,
    )
)
def test_arrays_round_trip(arrays: dict[str, np.ndarray]) -> None:
    data = pack_arrays(arrays)
    found = unpack_arrays(data)
    assert data == pack_arrays(arrays)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


@settings(deadline=None)
@given(st.data())
def test_damaged_arrays_only_raise_model_errors(data: st.DataObject) -> None:
    whole = bytearray(pack_arrays({"a": np.arange(12, dtype=np.float32)}))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ModelError):
        unpack_arrays(bytes(whole))


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return out.getvalue()


def header(text: str) -> bytes:
    padded = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode("latin1")


def test_pickled_arrays_are_refused() -> None:
    part = io.BytesIO()
    np.save(part, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ModelError, match="plain"):
        unpack_arrays(archive(a=part.getvalue()))


def test_a_shape_that_promises_too_much_allocates_nothing() -> None:
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    with pytest.raises(ModelError, match="shape"):
        unpack_arrays(archive(a=header(text) + b"1234"))


@pytest.mark.parametrize("content", [b"", b"nothing", header("{'descr': '<f4'}"), header("(")])
def test_damaged_headers_are_refused(content: bytes) -> None:
    with pytest.raises(ModelError):
        unpack_arrays(archive(a=content))
    with pytest.raises(ModelError, match="unpacked"):
        unpack_arrays(content)
