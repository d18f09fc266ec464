"""`slideviewer models`: which models there are, and what they say of themselves."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.models.package import (
    FoundPackage,
    ModelPackage,
    available_packages,
    open_package,
)

app = typer.Typer(help="List and describe the installed models.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for other programs.")]


@app.command("list", epilog="Example: slideviewer models list --json")
def list_models(as_json: AsJson = False) -> None:
    """List the bundled and the installed models; a damaged one is shown with its error."""
    found = available_packages()
    if as_json:
        typer.echo(json.dumps([_listed(entry) for entry in found], indent=2, ensure_ascii=False))
        return
    # Lines and no table, which would cut names and errors off in a narrow terminal.
    width = max((len(entry.name) for entry in found), default=0)
    for entry in found:
        typer.echo(f"{entry.name:{width}}  {_summary(entry)}")
    typer.echo(RESEARCH_USE_ONLY)


@app.command("show", epilog="Example: slideviewer models show tumour-camelyon")
def show_model(
    name: Annotated[str, typer.Argument(help="Name of a model, or the folder of a package.")],
    as_json: AsJson = False,
) -> None:
    """Describe one model: what it takes and gives, from what it was trained, and how good it is."""
    package = open_package(name)
    if as_json:
        typer.echo(json.dumps(_described(package), indent=2, ensure_ascii=False))
        return
    spec = package.spec
    # Lines and no table, which would break the hash or cut it off in a narrow terminal.
    for label, value in (
        ("name", spec.name),
        ("title", spec.title),
        ("folder", str(package.folder)),
        ("hash", package.hash),
        ("classes", ", ".join(spec.class_names)),
        ("of interest", f"{spec.target_class}, from a probability of {spec.threshold:g}"),
        ("tile", f"{spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px"),
        ("network", spec.architecture),
        ("licence", spec.licence),
        ("intended use", spec.intended_use),
        ("trained on", spec.trained_on),
    ):
        typer.echo(f"{label:18} {value}")
    for metric in spec.metrics:
        typer.echo(f"{metric.name:18} {metric}")
    typer.echo(RESEARCH_USE_ONLY)


def _summary(entry: FoundPackage) -> str:
    """What a package is; of a damaged one what is wrong, and with which of its files."""
    if entry.package is None:
        return f"damaged: {entry.error}"
    spec = entry.package.spec
    tile = f"{spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px"
    classes = ", ".join(spec.class_names)
    return f"{spec.title}; {classes}; {tile}; {entry.package.origin}"


def _described(package: ModelPackage) -> dict[str, Any]:
    return {
        "folder": str(package.folder),
        "hash": package.hash,
        "origin": package.origin,
        "spec": package.spec.model_dump(mode="json"),
        "note": RESEARCH_USE_ONLY,
    }


def _listed(entry: FoundPackage) -> dict[str, Any]:
    if entry.package is not None:
        return {"name": entry.name, **_described(entry.package)}
    problem = str(entry.error) if entry.error else ""
    return {"name": entry.name, "folder": str(entry.folder), "error": problem}
