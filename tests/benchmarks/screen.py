"""A screen that nobody sees, for programs that need OpenGL and therefore more than Qt's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

SIZE = "2560x1440x24"


@contextmanager
def screen() -> Iterator[dict[str, str]]:
    """Start Xvfb where it is installed; the variables that show programs to it.

    Without Xvfb the present screen is used; both draw OpenGL by Mesa's llvmpipe where there is
    no graphics card.
    """
    if shutil.which("Xvfb") is None:
        yield {"QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM", "")}
        return
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", SIZE, "-nolisten", "tcp"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield {"DISPLAY": f":{server.stdout.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()
