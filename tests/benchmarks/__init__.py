"""Measurements of the program as a person meets it; `packaging/dev.py bench` runs them."""
