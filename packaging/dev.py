#!/usr/bin/env python3
"""Set up slideviewer on a machine that has only Python, and run it or its tests.

    python3 packaging/dev.py demo     make a slide, predict, open the window on it
    python3 packaging/dev.py test     run the tests
    python3 packaging/dev.py check    lint, formatting, types and import contracts
    python3 packaging/dev.py run ...  run slideviewer with these arguments
    python3 packaging/dev.py bench view   measure how fast slides are opened, read and shown
    python3 packaging/dev.py bench edit   measure how fast, and how safely, markup is edited
    python3 packaging/dev.py bench predict   measure how fast, and how safely, models run
                                      (with --rivals DIR also beside TIAToolbox and wsinfer)
    python3 packaging/dev.py bench train   measure how fast tiles are fed and networks fitted
    python3 packaging/dev.py pictures     take the pictures of the user guide anew
    python3 packaging/dev.py pin      renew the pinned set in packaging/constraints.txt

The first call makes .venv and installs the pinned set; later ones reuse it. With --gpu before
the command, TensorFlow is installed with CUDA (Linux). What follows the command is handed on:
`dev.py test -k asap`, `dev.py demo --no-window --out folder`.
"""

from __future__ import annotations

import ctypes.util
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
OLDEST_PYTHON = (3, 11)
STAMP = ENVIRONMENT / "slideviewer-installed"

QT_LIBRARIES = {
    "EGL": "libegl1",
    "GL": "libgl1",
    "xkbcommon": "libxkbcommon0",
    "dbus-1": "libdbus-1-3",
    "fontconfig": "libfontconfig1",
    "glib-2.0": "libglib2.0-0",
}
"""What Qt needs to start at all, by Debian and Ubuntu package."""

X_LIBRARIES = {
    "xcb-cursor": "libxcb-cursor0",
    "xcb-icccm": "libxcb-icccm4",
    "xcb-keysyms": "libxcb-keysyms1",
    "xcb-shape": "libxcb-shape0",
    "xcb-image": "libxcb-image0",
    "xcb-render-util": "libxcb-render-util0",
    "xcb-xkb": "libxcb-xkb1",
    "xkbcommon-x11": "libxkbcommon-x11-0",
}
"""What a window on an X screen needs besides."""


def main(arguments: list[str]) -> int:
    """Set up what is missing, then run a command."""
    gpu = "--gpu" in arguments[:1]
    words = arguments[1:] if gpu else arguments
    commands = {
        "demo": demo, "test": test, "check": check, "run": run, "bench": bench,
        "pictures": pictures, "pin": pin
    }  # fmt: skip
    if not words or words[0] not in commands:
        print(__doc__)
        return 0 if words in ([], ["--help"], ["-h"]) else 2
    if sys.version_info < OLDEST_PYTHON:
        print(f"slideviewer needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 2
    install_system_libraries()
    install(gpu)
    return commands[words[0]](words[1:])


def demo(rest: list[str]) -> int:
    """Make the demo slide, predict, and open the window on both."""
    return run(["demo", *rest])


def run(rest: list[str]) -> int:
    """Run the program."""
    return subprocess.run([python(), "-m", "slideviewer", *rest], check=False).returncode


def test(rest: list[str]) -> int:
    """Run the tests, two at a time; `-n 0` runs them one by one, as a debugger wants."""
    # Tests that follow one another share what is costly to make; only the last few change hands.
    spread = [] if any("no:xdist" in word for word in rest) else ["-n", "2", "--dist", "worksteal"]
    return in_environment("-m", "pytest", *spread, *rest)


def check(_: list[str]) -> int:
    """Run everything that reads the code without running it; the first failure ends it."""
    checks = (
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
        ("-c", "from importlinter.cli import lint_imports_command as lint; lint()"),
    )
    return next((code for words in checks if (code := in_environment(*words))), 0)


def bench(rest: list[str]) -> int:
    """Measure; `bench --help` tells of what."""
    places = [str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")]
    variables = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, places)))
    words = [python(), "-m", "benchmarks", *rest]
    return subprocess.run(words, env=variables, check=False).returncode


def pictures(rest: list[str]) -> int:
    """Take the pictures of the user guide, all or those named, on slides drawn for them."""
    return in_environment(str(ROOT / "packaging" / "help_pictures.py"), *rest)


def pin(_: list[str]) -> int:
    """Write what is installed now into the constraints, the project itself left out."""
    frozen = subprocess.run(
        [python(), "-m", "pip", "freeze", "--exclude", "slideviewer"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    head = "# The set that slideviewer is tested with; written by `packaging/dev.py pin`.\n"
    pins = [line for line in frozen.splitlines() if "==" in line]
    # On macOS, and with CUDA, the same TensorFlow goes by its plain name.
    cpu = "tensorflow_cpu=="
    pins += [pin.replace(cpu, "tensorflow==") for pin in pins if pin.startswith(cpu)]
    CONSTRAINTS.write_text(head + "\n".join(pins) + "\n", encoding="utf-8")
    return 0


def install(gpu: bool) -> None:
    """Make the virtual environment and install the pinned set, unless that was done before."""
    wanted = hashlib.sha256(
        CONSTRAINTS.read_bytes() + (ROOT / "pyproject.toml").read_bytes() + str(ROOT).encode()
    ).hexdigest() + (" gpu" if gpu else "")
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") in (wanted, wanted + " gpu"):
        return
    if not Path(python()).exists():
        print("Making .venv …", flush=True)
        try:
            venv.create(ENVIRONMENT, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            remedy = "On Debian and Ubuntu: sudo apt-get install python3-venv"
            sys.exit(f"Python could not make a virtual environment ({error}). {remedy}")
    print("Installing; the first time this takes some minutes …", flush=True)
    pip = [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += ["--constraint", str(CONSTRAINTS)]
    outcome = subprocess.run([*pip, "--editable", f"{ROOT}[dev]"], check=False).returncode
    if outcome == 0 and gpu:
        # The CUDA build takes the place of the CPU build: both hold the same package.
        subprocess.run([python(), "-m", "pip", "uninstall", "-qy", "tensorflow-cpu"], check=False)
        outcome = subprocess.run([*pip, "tensorflow[and-cuda]"], check=False).returncode
    if outcome != 0:
        sys.exit("Installing failed; the lines above say why. Run the same command again.")
    STAMP.write_text(wanted, encoding="utf-8")


def install_system_libraries() -> None:
    """Put in the libraries that Qt needs on Debian and Ubuntu, or say how."""
    if sys.platform != "linux":
        return
    wanted = QT_LIBRARIES | (X_LIBRARIES if os.environ.get("DISPLAY") else {})
    missing = [package for name, package in wanted.items() if not ctypes.util.find_library(name)]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        print("Qt needs these libraries, by their Debian names:", " ".join(missing), flush=True)
        return
    command = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0:
        sys.exit(f"Qt needs some system libraries. Please run once:\n  sudo sh -c '{command}'")
    print("Installing the system libraries that Qt needs:", " ".join(missing), flush=True)
    quiet = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if subprocess.run(["sh", "-c", command], env=quiet, stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"That failed. Please run:\n  {command}")


def python() -> str:
    """The interpreter of the virtual environment."""
    place = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    return str(ENVIRONMENT / place)


def in_environment(*words: str) -> int:
    """Run the environment's Python at the repository's root; returns its exit code."""
    return subprocess.run([python(), *words], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
