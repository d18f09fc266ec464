"""Which engine computes a package's network here: proved, tried, remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from slideviewer.errors import ModelError
from slideviewer.inference.engines.engine import Engine, threads_allowed
from slideviewer.inference.engines.keras_engine import TITLE as KERAS
from slideviewer.inference.engines.keras_engine import Keras, Reference
from slideviewer.inference.engines.memory import Choice, occasion_now, recall, remember
from slideviewer.inference.engines.openvino_engine import TITLE as OPENVINO
from slideviewer.inference.engines.openvino_engine import OpenVino
from slideviewer.inference.engines.trial import measure
from slideviewer.models.classifier import TileClassifier
from slideviewer.models.loading import golden_sample
from slideviewer.models.network import Network, Way
from slideviewer.models.package import ModelPackage
from slideviewer.paths import engines_file

AUTO = "auto"
ENGINES = {
    AUTO: "the fastest that this machine has",
    "keras": "Keras on TensorFlow, the reference",
    "openvino": "OpenVINO, for CPUs and Intel's graphics processors",
}
"""What the user may ask for, and what it is."""


_ONE_AT_A_TIME = Lock()
"""A trial beside another model's loading would measure that, too."""


def engines(threads: int) -> tuple[Engine, ...]:
    """Every way to compute, the likeliest first and the reference last."""
    reference = Reference().network
    return (
        Keras(Way(KERAS, "GPU", "float16"), reference),
        Keras(Way(KERAS, "GPU"), reference),
        OpenVino(Way(OPENVINO, "GPU", "float16"), threads, reference),
        OpenVino(Way(OPENVINO, "CPU", "bfloat16"), threads, reference),
        OpenVino(Way(OPENVINO, "CPU"), threads, reference),
        Keras(Way(KERAS), reference),
    )


def load_classifier(
    package: ModelPackage, wanted: str = AUTO, threads: int | None = None
) -> TileClassifier:
    """Load a package with the engine that is fastest here, of those that reproduce its sample.

    Parameters
    ----------
    package : ModelPackage
    wanted : str
        One of `ENGINES`.
    threads : int, optional
        Of OpenVINO on the CPU; as many as `threads_allowed` by default. TensorFlow takes its own
        from the environment, once.

    Raises
    ------
    ModelError
        If the package is refused, or the engine that is wanted cannot compute it.
    """
    if wanted not in ENGINES:
        raise ModelError(
            f'There is no engine "{wanted}".', remedy=f"Known are: {', '.join(ENGINES)}."
        )
    threads = threads or threads_allowed()
    possible = [engine for engine in engines(threads) if wanted in (AUTO, engine.name)]
    with _ONE_AT_A_TIME:
        return choose(package, wanted, threads, possible)


def choose(
    package: ModelPackage, wanted: str, threads: int, possible: Sequence[Engine]
) -> TileClassifier:
    """Load a package with the best of some engines; what was chosen before is taken at once."""
    occasion = occasion_now(package.hash, wanted, threads)
    former = recall(engines_file(), occasion)
    refused: list[_Refused] = []
    best = None
    if former is not None:
        likely = [engine for engine in possible if str(engine.way) == former.way]
        best = _best(package, likely, [], former)
    if best is None:
        best = _best(package, possible, refused)
        if best is not None:
            remember(engines_file(), occasion, best.choice)
    if best is None:
        raise _refusal(package, wanted, refused)
    on_the_cpu = [engine for engine in possible if engine.way.device == "CPU"]

    def fallback() -> Network:
        found = _best(package, on_the_cpu, refused)
        if found is None:
            raise _refusal(package, wanted, refused)
        return found.network

    return TileClassifier(
        package,
        best.choice.batch_size,
        best.network,
        fallback=None if best.network.way.device == "CPU" else fallback,
        notices=[refusal.text for refusal in refused],
    )


@dataclass(frozen=True, eq=False)
class _Tried:
    network: Network
    choice: Choice


@dataclass(frozen=True, eq=False)
class _Refused:
    way: Way
    error: ModelError

    @property
    def text(self) -> str:
        return f"{self.way} is not used. {self.error.problem}"


def _best(
    package: ModelPackage,
    possible: Sequence[Engine],
    refused: list[_Refused],
    former: Choice | None = None,
) -> _Tried | None:
    """The fastest of some engines, or None; those that fail are told in `refused`."""
    best: _Tried | None = None
    for engine in possible:
        if not engine.is_available():
            continue
        try:
            network = engine.load(package)
            if former is not None:
                return _Tried(network, former)
            measured = measure(network, golden_sample(package)[0][:1])
        except ModelError as error:
            refused.append(_Refused(engine.way, error))
            continue
        if best is None or measured.tiles_per_s > best.choice.tiles_per_s:
            choice = Choice(
                way=str(engine.way),
                batch_size=measured.batch_size,
                tiles_per_s=round(measured.tiles_per_s, 2),
            )
            best = _Tried(network, choice)
    return best


def _refusal(package: ModelPackage, wanted: str, refused: Sequence[_Refused]) -> ModelError:
    """What to say where no engine is left.

    What the reference refuses, which comes last, is the package's own fault and no engine's.
    """
    if not refused:
        return ModelError(
            f'The engine "{wanted}" is not installed, or does not run on this machine.',
            path=package.folder,
            remedy=f"Choose {AUTO}.",
        )
    last = refused[-1]
    if last.way == Way(KERAS):
        return last.error
    return ModelError(last.text, path=last.error.path or package.folder, remedy=last.error.remedy)
