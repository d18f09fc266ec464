"""`slideviewer train`: make models from labelled pictures and annotated slides."""

from __future__ import annotations

import typer

from slideviewer.cli import train_evaluate, train_improve, train_tiles

app = typer.Typer(help="Train models from labelled data.", no_args_is_help=True)


@app.callback()
def train() -> None:
    """Train models from labelled data."""


app.command(epilog=train_tiles.EPILOG)(train_tiles.tiles)
app.command(epilog=train_evaluate.EPILOG)(train_evaluate.evaluate)
app.command(epilog=train_improve.EPILOG)(train_improve.improve)
