"""`slideviewer models`: which models there are, what they say of themselves, and if it holds."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from slideviewer import RESEARCH_USE_ONLY
from slideviewer.cli.bar import progress_bar
from slideviewer.cli.model_card import model_card
from slideviewer.cli.model_files import add_model, export_model, fetch_model
from slideviewer.cli.start import BAD_INPUT
from slideviewer.cli.telling import one_line, tell
from slideviewer.errors import ModelError
from slideviewer.models.install import verify_package
from slideviewer.models.package import (
    FoundPackage,
    ModelPackage,
    available_packages,
    open_package,
)
from slideviewer.models.registry import RegisteredModel, registered_models
from slideviewer.models.spec import ModelSpec
from slideviewer.progress import Step

app = typer.Typer(
    help="List, describe, add, fetch, verify and export models, and show their cards.",
    no_args_is_help=True,
)
app.command("add", epilog="Example: slideviewer models add my-tumour.zip")(add_model)
app.command("fetch", epilog="Example: slideviewer models fetch my-tumour")(fetch_model)
app.command("export", epilog="Example: slideviewer models export tumour-camelyon --out tumour.zip")(
    export_model
)

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for other programs.")]


@app.command("list", epilog="Example: slideviewer models list --json")
def list_models(as_json: AsJson = False) -> None:
    """List the bundled and the installed models, and those that can be downloaded.

    A damaged one is shown with its error. Sizes are looked at; "verify" looks at the contents.
    """
    found = available_packages()
    there = {entry.name for entry in found}
    offered = [model for model in _offered() if model.name not in there]
    if as_json:
        entries = [*map(_listed, found), *map(_offer, offered)]
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    lines = {entry.name: _summary(entry) for entry in found}
    lines |= {
        model.name: f"{model.title}; {model.size / 1e6:.1f} MB; not here yet: slideviewer models"
        f" fetch {model.name}"
        for model in offered
    }
    # Lines and no table, which would cut names and errors off in a narrow terminal.
    width = max(map(len, lines), default=0)
    for name, words in lines.items():
        typer.echo(f"{name:{width}}  {one_line(words)}")
    typer.echo(RESEARCH_USE_ONLY)


app.command(
    "card", epilog="Example: slideviewer models card tumour-camelyon --html tumour-camelyon.html"
)(model_card)


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
    spec, centre = package.spec, package.spec.centre_size_pixels
    # Lines and no table, which would break the hash or cut it off in a narrow terminal.
    for label, value in (
        ("name", spec.name),
        ("title", spec.title),
        ("folder", str(package.folder)),
        ("hash", package.hash),
        ("task", spec.task),
        ("classes", ", ".join(spec.proper_classes)),
        ("a place is of", "one class" if spec.exclusive else "any number of classes"),
        ("of interest", f"{spec.target_class}, from a probability of {spec.threshold:g}"),
        ("tile", f"{spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px"),
        *([("answers for", f"the middle {centre} px")] if centre else []),
        ("network", spec.architecture),
        ("tolerance", _tolerances(spec)),
        ("licence", spec.licence),
        ("intended use", spec.intended_use),
        ("trained on", spec.trained_on),
    ):
        typer.echo(f"{label:18} {one_line(value)}")
    for metric in spec.metrics:
        typer.echo(f"{one_line(metric.name):18} {one_line(str(metric))}")
    for name, digest in sorted(spec.files.items()):
        size = (package.folder / name).stat().st_size
        typer.echo(f"{name:18} {size:,} bytes, SHA-256 {digest}")
    typer.echo(RESEARCH_USE_ONLY)


@app.command("verify", epilog="Example: slideviewer models verify tumour-camelyon")
def verify_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Names or folders; all models by default."),
    ] = None,
) -> None:
    """Read every file of models anew, and let them answer the samples they came with.

    The exit code is 2 if one of them is not what it was.
    """
    wanted = names or [entry.name for entry in available_packages()]
    width, damaged = max(map(len, wanted), default=0), 0
    with progress_bar() as progress:
        for number, name in enumerate(wanted):
            progress(Step(number, len(wanted), f"Verifying {name}", "models"))
            try:
                verify_package(name)
            except ModelError as error:
                damaged += 1
                typer.echo(f"{name:{width}}  damaged: {error}")
            else:
                typer.echo(f"{name:{width}}  whole, and answers its sample as it should")
    typer.echo(RESEARCH_USE_ONLY)
    if damaged:
        raise typer.Exit(BAD_INPUT)


def _summary(entry: FoundPackage) -> str:
    """What a package is; of a damaged one what is wrong, and with which of its files."""
    if entry.package is None:
        return f"damaged: {entry.error}"
    spec = entry.package.spec
    tile = f"{spec.patch_size_pixels} px at {spec.spacing_um_px:g} µm/px"
    classes = ", ".join(spec.proper_classes)
    return f"{spec.title}; {classes}; {tile}; {entry.package.origin}"


def _tolerances(spec: ModelSpec) -> str:
    """How far the golden sample may be missed."""
    return f"{spec.golden_tolerance:g} in full precision, {spec.reduced_tolerance:g} in fewer bits"


def _offered() -> tuple[RegisteredModel, ...]:
    """What can be downloaded; a damaged list hides no installed model."""
    try:
        return registered_models()
    except ModelError as error:
        tell(str(error))
        return ()


def _offer(model: RegisteredModel) -> dict[str, Any]:
    return {**model.model_dump(mode="json"), "origin": "registry"}


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
