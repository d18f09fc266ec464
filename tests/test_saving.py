"""Saving: the former file survives whatever happens, and nothing is left lying about."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from slideviewer.annotations import with_extension, write_safely
from slideviewer.annotations.saving import keep_former
from slideviewer.errors import AnnotationError
from slideviewer.files import replacing_text


def names(folder: Path) -> list[str]:
    """The names of all files in a folder."""
    return sorted(it.name for it in folder.iterdir())


def test_a_new_file_is_written(tmp_path: Path) -> None:
    write_safely(tmp_path / "a.xml", b"new")
    assert (tmp_path / "a.xml").read_bytes() == b"new"
    assert names(tmp_path) == ["a.xml"]


def test_the_former_file_becomes_the_backup(tmp_path: Path) -> None:
    for content in (b"1", b"2", b"3"):
        write_safely(tmp_path / "a.xml", lambda stream, content=content: stream.write(content))
    assert (tmp_path / "a.xml").read_bytes() == b"3"
    assert (tmp_path / "a.xml.bak").read_bytes() == b"2"
    assert names(tmp_path) == ["a.xml", "a.xml.bak"]


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
    assert names(tmp_path / "far") == ["a.xml", "a.xml.bak"]

    (tmp_path / "plain").write_bytes(b"")
    write_safely(tmp_path / "b.xml", b"new")
    usual = stat.S_IMODE((tmp_path / "plain").stat().st_mode)
    assert stat.S_IMODE((tmp_path / "b.xml").stat().st_mode) == usual


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
