"""The containers' scripts, run as they are outside of one, and what images are made of."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest
from marked_slides import DECOY, NEST, write_cases, write_slide

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.annotations.file_lock import lock_of
from slideviewer.models.package import open_package
from slideviewer.training.checkpoints import CHECKPOINT_FILE
from slideviewer.training.diary import DIARY_FILE

ROOT = Path(__file__).resolve().parent.parent
DOCKER = ROOT / "packaging" / "docker"
IMAGES = ("cpu", "nvidia")
INSTRUCTIONS = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "VOLUME"}
INSTRUCTIONS |= {"ENTRYPOINT"}
ABSENT = ("PySide6", "shiboken6", "pyqtgraph", "qtawesome")
NO_QT = f"import sys\nsys.modules.update(dict.fromkeys({ABSENT}))\n"
OWN_HOST = (
    "import os, socket\n"
    "if 'HOST_OF_CONTAINER' in os.environ:\n"
    "    socket.gethostname = lambda: os.environ['HOST_OF_CONTAINER']\n"
)
"""Each container has a host name of its own."""

needs_a_shell = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("timeout") is None,
    reason="the scripts are for Linux containers",
)


@dataclass(frozen=True)
class Image:
    """A Dockerfile in its instructions."""

    lines: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, name: str) -> "Image":
        text = (DOCKER / f"{name}.Dockerfile").read_text("utf-8")
        kept = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        whole = "\n".join(kept).replace("\\\n", " ").splitlines()
        return cls(tuple((line.split(None, 1)[0], line.split(None, 1)[1]) for line in whole))

    def all(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.lines if word == instruction]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_made_of_what_is_there(name: str) -> None:
    image = Image.of(name)
    assert {word for word, _ in image.lines} <= INSTRUCTIONS
    (base,) = image.all("ARG")
    found = re.fullmatch(r"BASE=python:(\d+\.\d+)\.\d+-slim-[a-z]+", base)
    assert found is not None, "the base is pinned to a release"
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert f">={found[1]}" in needed["requires-python"]
    assert all(rest.split()[0] == "${BASE}" for rest in image.all("FROM"))
    kept = (DOCKER / f"{name}.Dockerfile.dockerignore").read_text("utf-8").splitlines()
    for rest in image.all("COPY"):
        if rest.startswith("--from="):
            continue
        for source in rest.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(line[:1] == "!" and Path(source).match(line[1:]) for line in kept), (
                f"{source} is left out"
            )


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_installs_the_pinned_set_and_runs_as_nobody_in_particular(name: str) -> None:
    image = Image.of(name)
    installs = re.findall(r"pip install [^&]*", " ".join(image.all("RUN")))
    assert installs
    assert all("--constraint packaging/constraints.txt" in it for it in installs)
    assert all("--no-cache-dir" in it for it in installs)
    assert image.lines[-1][0] == "ENTRYPOINT" and image.all("USER") == ["slideviewer"]
    assert any("useradd" in it for it in image.all("RUN"))
    assert any(RESEARCH_USE_ONLY in it for it in image.all("LABEL"))
    (entry,) = re.findall(r'"([^"]+)"', image.all("ENTRYPOINT")[0])
    places = {
        f"{rest.split()[-1]}{Path(source).name}": ROOT / source
        for rest in image.all("COPY")
        for source in rest.split()[:-1]
    }
    assert os.access(places[entry], os.X_OK)
    assert places[entry].read_text("utf-8").startswith("#!/bin/sh\n")


def test_images_differ_in_what_computes_alone() -> None:
    cpu, gpu = (dict(Image.of(name).lines) for name in IMAGES)
    differing = {word for word in cpu if cpu[word] != gpu[word]}
    assert differing <= {"RUN", "ENV"}
    installs = [" ".join(Image.of(name).all("RUN")) for name in IMAGES]
    assert "tensorflow[and-cuda]" in installs[1] and "and-cuda" not in installs[0]


@needs_a_shell
@pytest.mark.parametrize("script", ["common.sh", "inference.sh", "train.sh"])
def test_scripts_are_written_in_plain_shell(script: str) -> None:
    subprocess.run(["sh", "-n", DOCKER / script], check=True)
    assert b"\r" not in (DOCKER / script).read_bytes()


class Container:
    """Runs a script with folders in the place of those that a container mounts."""

    def __init__(self, folder: Path) -> None:
        without = folder / "without-qt"
        without.mkdir()
        (without / "sitecustomize.py").write_text(NO_QT + OWN_HOST)
        self.slides, self.out = folder / "slides", folder / "out"
        self.slides.mkdir()
        self.environment = os.environ | {
            "SLIDEVIEWER_SLIDES": str(self.slides),
            "SLIDEVIEWER_OUT": str(self.out),
            "SLIDEVIEWER_PYTHON": sys.executable,
            "PYTHONPATH": f"{without}{os.pathsep}{ROOT}",
        }
        self.environment.pop("SLIDEVIEWER_DATA_DIR", None)

    def __call__(self, script: str, *words: str, **named: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DOCKER / script, *words],
            env=self.environment | named,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def scores(self) -> dict[str, str]:
        with (self.out / "predictions.csv").open(newline="") as stream:
            return {row[0]: row[1] for row in csv.reader(stream)}


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path)


def kill_after_an_epoch(container: Container, options: list[str], named: dict[str, str]) -> Path:
    """Kill a container that trains; gives the lock that it left."""
    process = subprocess.Popen(
        [DOCKER / "train.sh", *options],
        env=container.environment | named,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    training = container.out / "model" / "training"
    deadline = time.monotonic() + 200
    while not any(training.glob(f"*/{CHECKPOINT_FILE}")) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return lock_of(training / DIARY_FILE)


OPTIONS = (
    *("--architecture-config", '{"stem":4,"widths":[8],"depths":[1]}', "--epochs", "6"),
    *("--rule", "fraction:0.5", "--few", "0", "--mixup", "0", "--batch", "8"),
    *("--validation-fraction", "0.5", "--learning-rate", "0.02"),
)
NAMED = {
    "SLIDEVIEWER_CLASSES": "rest=Normal,Tumor=Tumor",
    "SLIDEVIEWER_PATCH": "32",
    "SLIDEVIEWER_SPACING": "2.0",
}


@needs_a_shell
def test_from_slides_to_a_model_to_scores(container: Container) -> None:
    write_cases(container.slides, 2)
    (container.slides / "broken.svs").write_bytes(b"II*\0 no slide at all")
    trained = container("train.sh", *OPTIONS, **NAMED)
    assert trained.returncode == 2, trained.stderr
    (told,) = [line for line in trained.stderr.splitlines() if "broken.svs" in line]
    assert told.startswith("train.sh: broken.svs: ")
    package = open_package(container.out / "model")
    assert package.spec.class_names == ("Normal", "Tumor")
    assert "already" in container("train.sh").stdout

    write_slides_to_look_at(container.slides)
    model = {"SLIDEVIEWER_MODEL": str(package.folder)}
    predicted = container("inference.sh", "--engine", "keras", **model)
    assert predicted.returncode == 2
    assert predicted.stderr.count("\n") == 1
    assert predicted.stderr.startswith("inference.sh: broken.svs: ")
    assert RESEARCH_USE_ONLY in predicted.stdout
    scores = container.scores
    assert list(scores) == ["dark, marked", "plain"]
    assert all(0 <= float(score) <= 1 for score in scores.values())
    assert float(scores["dark, marked"]) > float(scores["plain"])
    (container.slides / "broken.svs").unlink()
    before = (container.out / "predictions.csv").read_bytes()
    again = container("inference.sh", **model)
    assert (again.returncode, again.stderr) == (0, "")
    assert (container.out / "predictions.csv").read_bytes() == before


@needs_a_shell
@pytest.mark.long
def test_what_was_killed_in_a_container_goes_on_in_the_next(container: Container) -> None:
    write_cases(container.slides, 2)
    lock = kill_after_an_epoch(
        container, list(OPTIONS), NAMED | {"HOST_OF_CONTAINER": "3f2a91bc77de"}
    )
    words = NAMED | {"HOST_OF_CONTAINER": "77de3f2a91bc"}
    refused = container("train.sh", *OPTIONS, **words)
    assert refused.returncode == 2 and str(lock) in refused.stderr
    os.utime(lock, (1, 1))  # a minute later
    trained = container("train.sh", *OPTIONS, **words)
    assert trained.returncode == 0, trained.stderr
    package = open_package(container.out / "model")

    write_slides_to_look_at(container.slides)
    model = {"SLIDEVIEWER_MODEL": str(package.folder)}
    process = subprocess.Popen(
        [DOCKER / "inference.sh", "--engine", "keras"],
        env=container.environment | model,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    first = container.out / "work" / "dark, marked.tif" / "score.csv"
    deadline = time.monotonic() + 200
    while not first.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    looked_at = first.stat().st_mtime_ns
    went_on = container("inference.sh", "--engine", "keras", **model)
    assert (went_on.returncode, went_on.stderr) == (0, "")
    assert first.stat().st_mtime_ns == looked_at
    assert list(container.scores) == ["dark, marked", "plain"]


def write_slides_to_look_at(folder: Path) -> None:
    """One with tumour and one without, in the place of those that were learnt from."""
    for path in folder.glob("patient*"):
        path.unlink()
    write_slide(folder / "dark, marked.tif", NEST, DECOY)
    write_slide(folder / "plain.tif")


@needs_a_shell
def test_a_slide_that_takes_too_long_stops_no_other(container: Container) -> None:
    for name in ("a.svs", "a.tif"):
        shutil.copyfile(DOCKER / "common.sh", container.slides / name)
    done = container.out / "work" / "a.tif"
    done.mkdir(parents=True)
    (done / "score.csv").write_text("a.tif,0.5\n")
    ended = container("inference.sh", SLIDEVIEWER_SECONDS="1", SLIDEVIEWER_PYTHON="sleep")
    assert ended.returncode == 2 and "a.svs" in ended.stderr and "a.tif" not in ended.stderr
    slow = container.slides.parent / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    ended = container("inference.sh", SLIDEVIEWER_SECONDS="1", SLIDEVIEWER_PYTHON=str(slow))
    assert ended.stderr == "inference.sh: a.svs: It took longer than 1 s.\n"
    assert container.scores == {"a.tif": "0.5"}


@needs_a_shell
def test_folders_that_do_not_serve_are_named(container: Container) -> None:
    for script in ("inference.sh", "train.sh"):
        missing = container(script, SLIDEVIEWER_SLIDES="/no/such/folder")
        assert missing.returncode == 2 and "/no/such/folder" in missing.stderr
        blocked = container(script, SLIDEVIEWER_OUT="/dev/null/out")
        assert blocked.returncode == 2 and "/dev/null/out" in blocked.stderr
    empty = container("inference.sh")
    assert empty.returncode == 2 and "no slide" in empty.stderr
    for seconds in ("0", "five"):
        wrong = container("inference.sh", SLIDEVIEWER_SECONDS=seconds)
        assert wrong.returncode == 2 and seconds in wrong.stderr


@needs_a_shell
def test_two_slides_of_one_name_keep_their_endings(container: Container) -> None:
    """Named by what the script does after a prediction, of which a few lines stand in here."""
    for name in ("a.svs", "A.tif", "b.c.tif", 'q"x.tif'):
        (container.slides / name).write_bytes(b"x")
    fake = container.slides.parent / "fake"
    fake.write_text(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ $1 = --out ] && out=$2; shift; done\n"
        'echo "whatever,0.25" >"$out/scores.csv"\n'
    )
    fake.chmod(0o755)
    ended = container("inference.sh", SLIDEVIEWER_PYTHON=str(fake))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert container.scores == dict.fromkeys(["A.tif", "a.svs", "b.c", 'q"x'], "0.25")
