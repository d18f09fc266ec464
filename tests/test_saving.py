"""Saving: the former file survives whatever happens, and nothing is left lying about."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from slideviewer.annotations import read_annotations, with_extension, write_safely
from slideviewer.annotations.file_lock import holder_of
from slideviewer.annotations.saving import backups_of, keep_former, stamp_of
from slideviewer.errors import AnnotationError
from slideviewer.files import replacing_text


def names(folder: Path) -> list[str]:
    """The names of all files in a folder."""
    return sorted(it.name for it in folder.iterdir())


def test_a_new_file_is_written(tmp_path: Path) -> None:
    write_safely(tmp_path / "a.xml", b"new")
    assert (tmp_path / "a.xml").read_bytes() == b"new"
    assert names(tmp_path) == ["a.xml"]


def test_the_former_files_become_backups(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        write_safely(tmp_path / "a.xml", lambda stream, content=content: stream.write(content))
    assert (tmp_path / "a.xml").read_bytes() == b"3"
    assert names(tmp_path) == ["a.xml", "a.xml.bak1", "a.xml.bak2"]
    assert [it.read_bytes() for it in backups_of(tmp_path / "a.xml")[:2]] == [b"2", b"1"]


def test_the_newest_five_backups_are_kept(tmp_path: Path) -> None:
    for number in range(9):
        write_safely(tmp_path / "a.xml", str(number).encode())
    kept = backups_of(tmp_path / "a.xml")
    assert names(tmp_path) == ["a.xml", *(it.name for it in kept)]
    assert [it.read_text() for it in kept] == list("76543")
    kept[2].unlink()  # by the user: the place is taken before the oldest goes
    write_safely(tmp_path / "a.xml", b"9")
    assert [it.read_text() for it in kept] == list("87643")


def test_saving_the_same_again_costs_no_backup(tmp_path: Path) -> None:
    large = bytes(3_000_000)
    for content in (b"1", large, large, large):
        write_safely(tmp_path / "a.xml", content)
    assert (tmp_path / "a.xml").read_bytes() == large
    assert names(tmp_path) == ["a.xml", "a.xml.bak1"]
    write_safely(tmp_path / "a.xml", large[:-1] + b"1")  # as long, but another
    assert names(tmp_path) == ["a.xml", "a.xml.bak1", "a.xml.bak2"]
    assert (tmp_path / "a.xml.bak1").read_bytes() == large


def test_a_backup_is_known_by_its_stamp(tmp_path: Path) -> None:
    write_safely(tmp_path / "a.xml", b"1")
    stamp = stamp_of(tmp_path / "a.xml")
    write_safely(tmp_path / "a.xml", b"2")
    assert stamp is not None
    assert stamp_of(tmp_path / "a.xml.bak1") == stamp != stamp_of(tmp_path / "a.xml")
    assert stamp_of(tmp_path / "none.xml") is None


def test_no_backup_where_none_is_wanted(tmp_path: Path) -> None:
    for content in (b"1", b"2"):
        write_safely(tmp_path / "a.xml", content, backup=False)
    assert names(tmp_path) == ["a.xml"]


class InterruptedError_(Exception):
    """Raised in the middle of writing."""


def test_a_failure_while_writing_leaves_everything_as_it_was(tmp_path: Path) -> None:
    write_safely(tmp_path / "a.xml", b"former")

    def fail(stream: BinaryIO) -> None:
        stream.write(b"half of the n")
        raise InterruptedError_

    with pytest.raises(InterruptedError_):
        write_safely(tmp_path / "a.xml", fail)
    assert (tmp_path / "a.xml").read_bytes() == b"former"
    assert names(tmp_path) == ["a.xml"]


def test_a_program_killed_while_writing_leaves_the_former_file(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"former")
    program = (
        "import os, sys\n"
        "from slideviewer.annotations import write_safely\n"
        "def die(stream):\n"
        "    stream.write(b'half'); stream.flush(); os._exit(9)\n"
        "write_safely(sys.argv[1], die)\n"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a.xml")],
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    assert done.returncode == 9
    assert (tmp_path / "a.xml").read_bytes() == b"former"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a matter of POSIX")
def test_a_full_disk_leaves_everything_as_it_was(tmp_path: Path) -> None:
    import resource

    write_safely(tmp_path / "a.xml", b"former")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(AnnotationError, match="cannot be saved: File too large") as failed:
            write_safely(tmp_path / "a.xml", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert failed.value.path == tmp_path / "a.xml"
    assert (tmp_path / "a.xml").read_bytes() == b"former"
    assert names(tmp_path) == ["a.xml"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_saving_that_fails_again_and_again_costs_no_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    for number in range(6):
        write_safely(tmp_path / "a.xml", str(number).encode())
    kept = backups_of(tmp_path / "a.xml")

    real = getattr(os, failing)

    def fail(*arguments: object) -> None:
        if failing == "replace" and arguments[1] != tmp_path / "a.xml":
            real(*arguments)
        else:
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        for _ in range(7):
            with pytest.raises(AnnotationError, match="No space left"):
                write_safely(tmp_path / "a.xml", b"new")
    assert (tmp_path / "a.xml").read_text() == "5"
    assert [it.read_text() for it in kept] == list("43210" if failing == "fsync" else "54321")
    write_safely(tmp_path / "a.xml", b"new")
    assert [it.read_text() for it in kept] == list("54321")


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "folder.xml").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path, words in (
        (tmp_path / "folder.xml", "is a folder"),
        (tmp_path / "nowhere" / "a.xml", "cannot be saved"),
        (tmp_path / "file" / "a.xml", "cannot be saved"),
    ):
        with pytest.raises(AnnotationError, match=words) as failed:
            write_safely(path, b"new")
        assert failed.value.path == path
    assert names(tmp_path) == ["file", "folder.xml"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody may write")
def test_a_read_only_folder_is_named() -> None:
    with pytest.raises(AnnotationError, match="cannot be saved") as failed:
        write_safely("/proc/a.xml", b"new")
    assert failed.value.path == Path("/proc/a.xml")


@pytest.mark.skipif(sys.platform == "win32", reason="links and modes are a matter of POSIX")
def test_links_and_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "a.xml", tmp_path / "link.xml"
    target.write_bytes(b"former")
    target.chmod(0o640)
    link.symlink_to(target)
    write_safely(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert names(tmp_path / "far") == ["a.xml", "a.xml.bak1"]

    (tmp_path / "plain").write_bytes(b"")
    write_safely(tmp_path / "b.xml", b"new")
    usual = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "b.xml").stat().st_mode) == usual


@pytest.mark.skipif(sys.platform == "win32", reason="links are a matter of POSIX")
def test_links_that_lead_in_a_circle_and_endless_names_are_errors(tmp_path: Path) -> None:
    circle, endless = tmp_path / "a.xml", tmp_path / ("a" * 300 + ".xml")
    circle.symlink_to("b.xml")
    (tmp_path / "b.xml").symlink_to("a.xml")
    for path in (circle, endless):
        with pytest.raises(AnnotationError, match="cannot be saved"):
            write_safely(path, b"new")
        with pytest.raises(AnnotationError, match="cannot be read"):
            read_annotations(path)
        assert holder_of(path) is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are a matter of POSIX")
def test_nobody_else_reads_a_file_while_it_takes_the_place_of_a_private_one(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"former")
    path.chmod(0o600)
    modes = []

    def write(stream: BinaryIO) -> None:
        modes.extend(stat.S_IMODE(it.stat().st_mode) for it in tmp_path.iterdir())

    write_safely(path, write, backup=False)
    assert modes == [0o600, 0o600]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_odd_names(tmp_path: Path) -> None:
    for name in ("größe 😀.xml", "-a.xml", "a" * 200 + ".xml"):
        write_safely(tmp_path / name, b"1")
        write_safely(tmp_path / name, b"2")
        assert (tmp_path / name).read_bytes() == b"2"
    assert with_extension(tmp_path / "größe 😀", ".xml").name == "größe 😀.xml"


def test_a_file_made_anew_keeps_the_former_where_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"

    def make(content: str) -> bool:
        def replace(target: Path) -> None:
            with replacing_text(target) as file:
                file.write(content)

        return keep_former(path, replace)

    assert not make("1") and not make("1")
    assert names(tmp_path) == ["a.csv"]
    assert make("2") and not make("2")
    assert (path.read_text(), (tmp_path / "a.csv.bak").read_text()) == ("2", "1")
    assert names(tmp_path) == ["a.csv", "a.csv.bak"]
