"""A model that a new one is compared with, where its card should say more than colour can."""

from __future__ import annotations

from collections.abc import Sequence

from slideviewer.errors import TrainingError
from slideviewer.evaluation.model_card import read_card_data
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.training.card_data import fingerprint
from slideviewer.training.segmentation.options import TrainPixelsOptions


def rival_of(options: TrainPixelsOptions, targets: Sequence[str]) -> ModelPackage | None:
    """Open the model that the options name.

    Raises
    ------
    ModelError
        If there is none, or it is refused.
    TrainingError
        If it answers something else, or at another size.
    """
    if not options.baseline:
        return None
    package = open_package(options.baseline)
    spec = package.spec
    if spec.task != options.task or spec.class_names != tuple(targets):
        raise TrainingError(
            f"It is for {spec.task} of {', '.join(spec.class_names)}, and not for {options.task}"
            f" of {', '.join(targets)}: the two cannot be compared.",
            path=package.folder,
            remedy="Name one with --baseline that learnt the same.",
        )
    if abs(spec.spacing_um_px - options.spacing_um_px) > 1e-6 * options.spacing_um_px:
        raise TrainingError(
            f"It sees {spec.spacing_um_px:g} µm/px, and not {options.spacing_um_px:g}: the two"
            " cannot be compared.",
            path=package.folder,
            remedy="Name another model with --baseline.",
        )
    return package


def refuse_other_part(package: ModelPackage, held_out: Sequence[str]) -> None:
    """Make sure that a model was not trained on what is measured.

    Raises
    ------
    TrainingError
        If other pictures were held out, or it does not say which.
    """
    data = read_card_data(package)
    if data is None or data.held_out != fingerprint(held_out):
        raise TrainingError(
            "It held out other pictures, or does not say which: it may have learnt from those that"
            " it would be measured on.",
            path=package.folder,
            remedy="Train it on the same data with the same --seed and --validation-fraction.",
        )


def network_of(package: ModelPackage) -> str:
    """Its network in words."""
    filters = package.spec.architecture_config.get("filters")
    if package.spec.architecture == "unet" and isinstance(filters, list | tuple) and filters:
        return f"a plain U-Net of {filters[0]} to {filters[-1]} channels"
    return package.spec.architecture
