"""OpenVINO as it is imported here: without what it reports to its makers."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import openvino


@cache
def core() -> openvino.Core:
    """Give the one core, and import OpenVINO where nobody has.

    On each import and conversion OpenVINO would send an event to a web service and write an
    identifier into the user's home, through the package `openvino_telemetry`, which comes along
    with it. Where Python cannot find that package, OpenVINO does without.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()
