"""Run a model that answers for every pixel over a slide; keep, read and export what it says."""
