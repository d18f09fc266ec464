"""Run a tile model over a slide; keep, read and export what it says."""
