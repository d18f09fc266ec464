"""Predictions against annotations: regions, and how good they are."""
