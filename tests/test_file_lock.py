"""The lock beside an annotation file: told of, taken over when stale, never in the way."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slideviewer.annotations.disk_clock import DiskClock
from slideviewer.annotations.file_lock import SILENT_SECONDS, FileLock, Holder, holder_of, lock_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "größe ✓.xml"


def held_by(file: Path, **changes: object) -> dict[str, object]:
    """Write a lock that differs in these from one of this program; gives its content."""
    FileLock(file).take()
    told = json.loads(lock_of(file).read_text()) | changes
    lock_of(file).write_text(json.dumps(told))
    return told


def test_a_lock_stands_beside_the_file_and_goes(file: Path) -> None:
    lock = FileLock(file)
    assert holder_of(file) is None
    assert lock.take()
    assert [it.name for it in file.parent.iterdir()] == [f".~lock.{file.name}#"]
    holder = holder_of(file)
    assert holder is not None
    assert holder.pid == os.getpid()
    assert holder.words.startswith(f"{holder.user} on {holder.host} since ")
    assert not FileLock(file).take()
    lock.release()
    lock.release()
    assert list(file.parent.iterdir()) == []


def test_a_link_is_locked_where_it_leads(tmp_path: Path, file: Path) -> None:
    file.write_text("x")
    link = tmp_path / "far" / "link.xml"
    link.parent.mkdir()
    try:
        link.symlink_to(file)
    except OSError:
        pytest.skip("this system makes no links")
    assert FileLock(link).take()
    assert holder_of(file) is not None


def test_a_program_that_is_gone_holds_nothing(file: Path) -> None:
    program = (
        "import sys, os\n"
        "from pathlib import Path\n"
        "from slideviewer.annotations.file_lock import FileLock\n"
        "assert FileLock(Path(sys.argv[1])).take()\n"
        "print('held', flush=True); sys.stdin.read(1); os._exit(9)\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert other.stdout is not None
    other.stdout.readline()
    holder = holder_of(file)
    assert holder is not None
    assert holder.pid == other.pid
    other.communicate(b"x")
    assert lock_of(file).exists()
    assert holder_of(file) is None
    assert FileLock(file).take()


@pytest.mark.parametrize(
    "changes, is_held",
    [
        ({}, True),
        ({"host": "another"}, True),
        ({"host": "another", "pid": 1}, True),
        ({"key": "of a former run with our number"}, False),
        ({"pid": 2**40}, False),
        ({"pid": -1}, False),
    ],
)
def test_only_a_program_that_may_run_holds_it(
    file: Path, changes: dict[str, object], is_held: bool
) -> None:
    held_by(file, **changes)
    assert (holder_of(file) is not None) == is_held
    assert FileLock(file).take() != is_held


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux")
def test_a_number_that_came_again_holds_nothing(file: Path) -> None:
    held_by(file, pid=os.getppid(), started="1")
    assert holder_of(file) is None
    held_by(file, pid=os.getppid(), started="")
    assert holder_of(file) is not None


def test_the_lock_of_another_is_not_taken_away(file: Path) -> None:
    lock = FileLock(file)
    lock.take()
    held_by(file, host="another", key="theirs")
    lock.release()
    assert lock_of(file).exists()


@pytest.mark.parametrize("pid", ["Infinity", "NaN", "1e999", "[1]", '"x"', "null"])
def test_a_lock_with_no_number_is_nobodys(file: Path, pid: str) -> None:
    told = json.dumps(held_by(file) | {"pid": "here"}).replace('"here"', pid)
    lock_of(file).write_text(told)
    assert holder_of(file) is None
    assert FileLock(file).take()


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_what_is_no_lock_is_nobodys(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.mktemp("lock") / "a.xml"
    lock_of(file).write_bytes(data)
    assert holder_of(file) is None
    assert FileLock(file).take()


def test_a_lock_that_was_taken_a_moment_ago_stays(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two windows find a lock left behind; the first has its own there before the second."""
    told = held_by(file, host="another")
    theirs = lock_of(file).read_bytes()
    held_by(file, key="of a former run with our number")

    def replaced_meanwhile(_: Holder) -> bool:
        lock_of(file).write_bytes(theirs)
        return True

    with monkeypatch.context() as patch:
        patch.setattr(Holder, "is_gone", property(replaced_meanwhile))
        assert not FileLock(file).take()
    assert json.loads(lock_of(file).read_text()) == told
    assert [it.name for it in file.parent.iterdir()] == [lock_of(file).name]


def test_a_death_while_replacing_keeps_nobody_out_for_long(file: Path) -> None:
    held_by(file, pid=-1)
    content = lock_of(file).read_bytes()
    right = lock_of(file).with_name(lock_of(file).name + hashlib.sha256(content).hexdigest()[:32])
    right.touch()
    assert not FileLock(file).take()
    os.utime(right, (1, 1))
    assert FileLock(file).take()
    assert [it.name for it in file.parent.iterdir()] == [lock_of(file).name]


@pytest.mark.parametrize("is_left_behind", [True, False])
@pytest.mark.parametrize("has_links", [True, False])
def test_of_many_programs_at_once_one_holds_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool, is_left_behind: bool
) -> None:
    if not has_links:

        def refuse(*_: object) -> None:
            raise PermissionError

        monkeypatch.setattr(os, "link", refuse)
    taken: list[bool] = []
    ready = threading.Barrier(4)

    def take() -> None:
        lock = FileLock(file)
        ready.wait()
        taken.append(lock.take())

    for _ in range(50):
        lock_of(file).unlink(missing_ok=True)
        if is_left_behind:
            held_by(file, pid=-1)
        taken.clear()
        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not has_links or taken.count(True) == 1
        assert holder_of(file) is not None
        assert [it.name for it in file.parent.iterdir()] == [lock_of(file).name]


def test_where_nothing_can_be_written_there_is_none(tmp_path: Path) -> None:
    nowhere = tmp_path / "missing" / "a.xml"
    lock = FileLock(nowhere)
    assert not lock.take()
    lock.release()
    assert holder_of(nowhere) is None


def test_a_clock_that_goes_wrong_makes_nobody_silent(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held_by(file, host="another", beats=True)
    right = time.time()
    for wrong in (right + 1000, right - 1000):
        monkeypatch.setattr(time, "time", lambda wrong=wrong: wrong)
        holder = holder_of(file)
        assert holder is not None and holder.silent_seconds < SILENT_SECONDS
        lock = FileLock(file)
        assert not lock.take()
        assert lock.other is not None and lock.other.host == "another"
    silent_since = right - SILENT_SECONDS - 5
    os.utime(lock_of(file), (silent_since, silent_since))
    assert holder_of(file) is None
    lock = FileLock(file)
    assert lock.take() and lock.other is None
    lock.release()


def test_where_nothing_can_be_written_silence_counts_from_the_first_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [500.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    file, clock = tmp_path / "lock", DiskClock(tmp_path / "missing")
    file.touch()
    os.utime(file, (1000, 1000))
    assert clock.silence_of(file) == 0
    seconds[0] += 70
    assert clock.silence_of(file) == 70
    os.utime(file, (1060, 1060))
    assert clock.silence_of(file) == 10, "it was heard of between both looks"
    os.utime(file, (1200, 1200))
    assert clock.silence_of(file) == 0


def test_two_who_take_a_left_lock_at_once_know_of_each_other(file: Path) -> None:
    held_by(file, pid=-1)
    left = lock_of(file)
    right = left.with_name(left.name + hashlib.sha256(left.read_bytes()).hexdigest()[:32])
    right.touch()  # as the other has it for a moment
    lock = FileLock(file)
    assert not lock.take()
    assert lock.other is not None
