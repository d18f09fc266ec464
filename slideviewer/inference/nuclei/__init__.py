"""Nuclei one by one: found in what a model says of pixels, measured, kept and exported."""
