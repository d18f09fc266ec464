"""Model packages: what they say of themselves, how they are opened safely, how they answer.

Nothing here imports Keras until a network is really built.
"""

import os
import platform

from slideviewer.models.classifier import TileClassifier
from slideviewer.models.loading import load_model
from slideviewer.models.package import (
    FoundPackage,
    ModelPackage,
    available_packages,
    open_package,
    write_package,
)
from slideviewer.models.spec import Metric, ModelSpec

# TensorFlow's native part greets on standard error; its warnings still come through.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
# Left to itself it takes oneDNN's convolutions on the newest of these processors alone. On others
# they are quick as well: with AVX2 alone a U-Net is trained in little more than half the time.
if platform.machine().lower() in ("x86_64", "amd64"):
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__all__ = [
    "FoundPackage",
    "Metric",
    "ModelPackage",
    "ModelSpec",
    "TileClassifier",
    "available_packages",
    "load_model",
    "open_package",
    "write_package",
]
